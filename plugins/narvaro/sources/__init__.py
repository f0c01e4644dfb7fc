"""Talk to municipal systems; yield canonical, pseudonymous batches."""
