"""Restudio from Python programs: typed nouns over HTTP."""

from restudio.client.client import Client, log_in
from restudio.client.connection import ServerError, Unreachable
from restudio.client.scoring import Scoring

__all__ = ["Client", "Scoring", "ServerError", "Unreachable", "log_in"]
