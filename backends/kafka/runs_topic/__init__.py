"""The runs topic: codec and publisher of run events, and the partitioned log that reads them."""
