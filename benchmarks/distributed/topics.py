"""Creates topics with a chosen number of partitions; services create only missing topics."""

import asyncio
from urllib.parse import urlsplit

from aiokafka.admin import AIOKafkaAdminClient, NewTopic


def create_topic(kafka: str, name: str, *, partitions: int) -> None:
    """Create a topic on the server at kafka://host:port."""
    asyncio.run(_create(urlsplit(kafka).netloc, name, partitions))


async def _create(address: str, name: str, partitions: int) -> None:
    client = AIOKafkaAdminClient(bootstrap_servers=address)
    await client.start()
    try:
        topic = NewTopic(name=name, num_partitions=partitions, replication_factor=1)
        await client.create_topics([topic])
    finally:
        await client.close()
