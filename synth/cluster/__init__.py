"""The engine: plan -> clips -> shards on Ray, with retries and resume. The only room that imports ray."""
