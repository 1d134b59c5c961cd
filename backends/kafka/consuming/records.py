"""Names for the records that aiokafka returns."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from aiokafka.structs import ConsumerRecord, TopicPartition

RawRecord: TypeAlias = "ConsumerRecord[bytes, bytes]"
Records: TypeAlias = Sequence[RawRecord]
RecordsByPartition: TypeAlias = Mapping[TopicPartition, Records]
