"""SQL databases by SQLAlchemy: how they are named, reached and asked."""
