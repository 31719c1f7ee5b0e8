"""Clean and enqueue, the article's way: a pool of processes, the csv module, boto3, batches of ten messages of one row.

    enqueue.py FILE QUEUE_URL [PROCESSES [THREADS]]

The parent reads records and hands them to the pool in batches. Handing over lines, for the pool to split into fields, was no
cheaper, and needs counting quotes to keep a quoted newline in its record, which is wrong for a quote within a plain field.
"""

import csv
import json
import multiprocessing
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config
from clean import clean_field
from measured import measure, peak_kibibytes

# Thousands of rows make the handing over cheap and keep little waiting.
ROWS_PER_TASK = 2000
# Source: SendMessageBatch API reference.
BATCH_MAX = 10
TRIES_MAX = 5
WAIT_SECONDS = 0.1


def start_worker(queue_url, columns, threads, prepared, ready):
    """A client per process: clients are not shared across a fork."""
    global client, url, names, senders
    url, names = queue_url, columns
    config = Config(retries={"mode": "standard", "max_attempts": 3}, max_pool_connections=threads)
    client = boto3.client("sqs", config=config)
    senders = ThreadPoolExecutor(threads)
    with prepared.get_lock():
        prepared.value += time.process_time()
    ready.wait()


def send(entries):
    for tries in range(TRIES_MAX):
        failed = client.send_message_batch(QueueUrl=url, Entries=entries).get("Failed", [])
        if not failed:
            return
        ids = {entry["Id"] for entry in failed}
        entries = [entry for entry in entries if entry["Id"] in ids]
        time.sleep(WAIT_SECONDS * 2**tries)
    raise RuntimeError(f"expected all messages to be taken, found {len(entries)} refused")


def clean_and_enqueue(task):
    first, rows = task
    entries = []
    for position, fields in enumerate(rows):
        data = {name: clean_field(field) for name, field in zip(names, fields)}
        entries.append({"Id": str(position), "MessageBody": json.dumps({"row": first + position, "data": data})})
    batches = [entries[at : at + BATCH_MAX] for at in range(0, len(entries), BATCH_MAX)]
    # The answers of all, so that an error is raised here.
    list(senders.map(send, batches))
    return len(rows), peak_kibibytes()


def tasks_of(records):
    first, rows = 1, []
    for fields in records:
        # An empty line.
        if not fields:
            continue
        rows.append(fields)
        if len(rows) == ROWS_PER_TASK:
            yield first, rows
            first, rows = first + len(rows), []
    if rows:
        yield first, rows


def main(path, queue_url, processes=os.cpu_count(), threads=4):
    """Four threads a process send while others wait for their answers: a pool of more processes used more CPU for each row."""
    processes, threads = int(processes), int(threads)
    # Fields may be as long as they are.
    csv.field_size_limit(sys.maxsize)
    with open(path, encoding="utf-8-sig", errors="replace", newline="") as file:
        records = csv.reader(file)
        columns = [clean_field(name) or f"column_{number}" for number, name in enumerate(next(records), 1)]
        # Children of this very process, so that their CPU is counted.
        context = multiprocessing.get_context("fork")
        prepared = context.Value("d", 0.0)
        ready = context.Barrier(processes + 1)
        pool = context.Pool(processes, start_worker, (queue_url, columns, threads, prepared, ready))
        ready.wait()

        def work():
            done = list(pool.imap_unordered(clean_and_enqueue, tasks_of(records)))
            return sum(rows for rows, _ in done), max((peak for _, peak in done), default=0)

        def end_pool():
            pool.close()
            pool.join()

        measure(work, end_pool, prepared.value)


if __name__ == "__main__":
    main(*sys.argv[1:])
