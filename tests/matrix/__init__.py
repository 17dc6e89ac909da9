"""Every address, for every role, with objects of four territories."""
