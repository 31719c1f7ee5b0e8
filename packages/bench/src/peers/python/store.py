"""Store, the article's way: boto3's batch writer, 25 items a call, in one of several processes.

    store.py EVENTS TABLE

EVENTS: SQS events of messages of one row, one event a line. The writer puts items and has no conditions: a message that comes
twice overwrites its row, also one that was finished since. It is here for its speed, not for what it promises.
"""

import json
import sys
from datetime import datetime, timezone

import boto3
from botocore.config import Config
from measured import measure


def item_of(body):
    message = json.loads(body)
    return {
        "id": f"{message['jobId']}#{message['row']}",
        "row": message["row"],
        "status": "PENDING",
        "createdAt": datetime.now(timezone.utc).isoformat(),
        "data": message["data"],
    }


def main(path, table_name):
    table = boto3.resource("dynamodb", config=Config(retries={"mode": "standard", "max_attempts": 3})).Table(table_name)
    with open(path, encoding="utf-8") as file:
        events = [json.loads(line) for line in file]

    def store(some):
        rows = 0
        # One writer over all events, so that every call has its 25. It sends again what comes back unprocessed.
        with table.batch_writer() as writer:
            for event in some:
                for record in event["Records"]:
                    writer.put_item(Item=item_of(record["body"]))
                    rows += 1
        return rows

    # Connected, and as warm as a function is that has served before.
    store(events[:1])
    measure(lambda: (store(events), 0))


if __name__ == "__main__":
    main(*sys.argv[1:])
