"""A long-lived program with a pool: ask.py DRIVER NAME; see ask.mjs."""
import asyncio
import sys
import urllib.request

NAME = sys.argv[2]
URL = f"http://{NAME}:8080/"


def urllib_driver():
    return lambda: urllib.request.urlopen(URL).read().decode()


def requests_driver():
    import requests

    session = requests.Session()
    return lambda: session.get(URL).text


def httpx_driver():
    import httpx

    client = httpx.Client()
    return lambda: client.get(URL).text


def aiohttp_driver():
    import aiohttp

    loop = asyncio.new_event_loop()

    async def make():
        return aiohttp.ClientSession()

    session = loop.run_until_complete(make())

    async def get():
        async with session.get(URL) as answer:
            return await answer.text()

    return lambda: loop.run_until_complete(get())


def redis_driver():
    import redis

    client = redis.Redis(host=NAME)
    return lambda: client.get("endpoint").decode()


def psycopg2_driver():
    """It has no pool that replaces connections: the program does."""
    import psycopg2

    kept = []

    def ask():
        if not kept:
            kept.append(psycopg2.connect(host=NAME, user="shunt", dbname="postgres"))
            kept[0].autocommit = True
        try:
            cursor = kept[0].cursor()
            cursor.execute("select current_setting('cluster_name')")
            return cursor.fetchone()[0]
        except psycopg2.Error:
            kept.clear()
            raise

    return ask


def grpc_driver():
    import grpc

    channel = grpc.insecure_channel(f"{NAME}:50051")
    call = channel.unary_unary("/shunt.Test/Name")
    return lambda: call(b"").decode()


ask = globals()[f"{sys.argv[1]}_driver"]()
for line in sys.stdin:
    try:
        print(ask().strip(), flush=True)
    except Exception as error:
        print(f"error: {type(error).__name__}", flush=True)
