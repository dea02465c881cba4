"""Parse the reply to an operator's order: has it been saved to disk?"""
import json


def not_saved(body):
    """Return the message that the order is in force but not on disk yet, or None if it is saved."""
    return json.loads(body).get("warning")
