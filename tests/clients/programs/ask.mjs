// A long-lived program with a pool: ask.mjs DRIVER NAME
//
// Each line of standard input is one question through the driver, with its default options; the answer is one line: the name of
// the endpoint that replied, an address, or "error: …". Runs in Node, Bun and Deno.
import { createRequire } from "node:module";
import http from "node:http";
import dns from "node:dns";
import net from "node:net";
import readline from "node:readline";
import process from "node:process";

const [driver, name] = process.argv.slice(2);
const url = `http://${name}:8080/`;
const require = createRequire(`${process.env.CLIENTS_MODULES ?? "."}/package.json`);
const quiet = thing => (thing.on("error", () => {}), thing);

function read(url) {
    return new Promise((done, failed) => {
        http.get(url, answer => {
            let text = "";
            answer.on("data", part => (text += part)).on("end", () => done(text)).on("error", failed);
        }).on("error", failed);
    });
}

function readSocket() {
    return new Promise((done, failed) => {
        const socket = net.connect(8080, name, () => socket.write("GET / HTTP/1.0\r\n\r\n"));
        let text = "";
        socket.on("data", part => (text += part)).on("error", failed);
        socket.on("end", () => done(text.split("\r\n\r\n")[1]));
    });
}

function grpc() {
    const { Client, credentials } = require("@grpc/grpc-js");
    const client = new Client(`${name}:50051`, credentials.createInsecure());
    const same = bytes => bytes;
    return () => new Promise((done, failed) => client.makeUnaryRequest("/shunt.Test/Name", same, same, Buffer.alloc(0),
        (error, reply) => (error ? failed(error) : done(reply.toString()))));
}

function mqtt() {
    const client = quiet(require("mqtt").connect(`mqtt://${name}:1883`));
    return async () => {
        const message = new Promise(done => client.once("message", (_, text) => done(text.toString())));
        await client.subscribeAsync("endpoint");
        const text = await message;
        await client.unsubscribeAsync("endpoint");
        return text;
    };
}

// A connection that ended is opened again, as programs without a pool do.
function reopened(open, use) {
    let connection;
    return async () => {
        connection ??= await open();
        try {
            return await use(connection);
        } catch (error) {
            connection = undefined;
            throw error;
        }
    };
}

const drivers = {
    fetch: () => async () => (await fetch(url)).text(),
    http: () => () => read(url),
    net: () => readSocket,
    lookup: () => async () => (await dns.promises.lookup(name)).address,
    resolve: () => async () => (await dns.promises.resolve4(name))[0],
    undici: () => async () => (await require("undici").request(url)).body.text(),
    "undici-dns": () => {
        const { Agent, interceptors, request } = require("undici");
        const dispatcher = new Agent().compose(interceptors.dns());
        return async () => (await request(url, { dispatcher })).body.text();
    },
    axios: () => async () => (await require("axios").get(url)).data,
    ioredis: () => {
        const client = quiet(new (require("ioredis"))(6379, name));
        return () => client.get("endpoint");
    },
    redis: () => {
        const client = quiet(require("redis").createClient({ url: `redis://${name}:6379` }));
        const ready = client.connect();
        return async () => (await ready, client.get("endpoint"));
    },
    pg: () => {
        const pool = quiet(new (require("pg").Pool)({ host: name, user: "shunt", database: "postgres" }));
        return async () => (await pool.query("select current_setting('cluster_name') as name")).rows[0].name;
    },
    mysql2: () => {
        const pool = require("mysql2/promise").createPool({ host: name, user: "shunt" });
        return async () => (await pool.query("select @@report_host as name"))[0][0].name;
    },
    mongodb: () => {
        const client = new (require("mongodb").MongoClient)(`mongodb://${name}:27017/?directConnection=true`);
        return async () => (await client.db("admin").command({ hello: 1 })).endpoint;
    },
    "mongodb+srv": () => async () => {
        const client = new (require("mongodb").MongoClient)(`mongodb+srv://${name}/?tls=false`);
        return (await client.db("admin").command({ hello: 1 })).endpoint;
    },
    mqtt,
    grpc,
    nats: () => {
        const { connect } = require("nats");
        return reopened(() => connect({ servers: `${name}:4222` }), async it => (await it.flush(), it.info.server_name));
    },
    "bun-lookup": () => async () => (await Bun.dns.lookup(name))[0].address,
    "bun-redis": () => {
        const client = new Bun.RedisClient(`redis://${name}:6379`);
        return () => client.get("endpoint");
    },
    "bun-sql": () => {
        const sql = new Bun.SQL(`postgres://shunt@${name}:5432/postgres?sslmode=disable`);
        return async () => (await sql`select current_setting('cluster_name') as name`)[0].name;
    },
};

process.on("uncaughtException", error => console.error(error));
process.on("unhandledRejection", error => console.error(error));
const ask = drivers[driver]();
for await (const _ of readline.createInterface({ input: process.stdin })) {
    try {
        console.log(String(await ask()).trim());
    } catch (error) {
        console.log(`error: ${error.cause?.code ?? error.code ?? error.message}`.replace(/\s+/g, " "));
    }
}
process.exit(0);
