"""Trainer of one-pass human perception models on streamed shards."""
