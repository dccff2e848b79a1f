"""Scoring: graph and assets become a Scorer; the request-response data plane; batch jobs."""
