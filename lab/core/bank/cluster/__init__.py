"""The bank of a cluster: a log per shard in progress, an immutable Parquet file per finished one.

SQLite needs locks and shared memory that network file systems do not have. Here every file has one writer.
"""
