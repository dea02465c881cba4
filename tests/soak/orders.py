"""What the answer to an operator's order says about the disk."""
import json


def not_saved(body):
    """The words with which the answer says that the order is in force and not on the disk yet; None: it is."""
    return json.loads(body).get("warning")
