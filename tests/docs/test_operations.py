"""The page of all operations is up to date, and a test proves each of them."""

from tests.docs.operations import PAGE, operations, page, proven


def test_a_test_proves_each_operation_of_each_dialect() -> None:
    assert set(operations()) - proven().keys() == set()


def test_markers_name_operations_that_exist() -> None:
    assert proven().keys() - set(operations()) == set()


def test_the_page_of_operations_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "write it by: python -m tests.docs.operations > docs/dialects/operations.md"
    )
