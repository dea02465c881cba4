# A long-lived program with a pool: ask.rb DRIVER NAME; see ask.mjs.
require "net/http"

$stdout.sync = true
driver, name = ARGV

# What ended is opened again.
class Reopened
  def initialize(open, use)
    @open, @use = open, use
  end

  def call
    @kept ||= @open.call
    @use.call(@kept)
  rescue StandardError
    @kept = nil
    raise
  end
end

drivers = {
  "net-http" => lambda {
    http = Net::HTTP.start(name, 8080)
    -> { http.get("/").body }
  },
  "redis" => lambda {
    require "redis"
    client = Redis.new(host: name)
    -> { client.get("endpoint") }
  },
  "pg" => lambda {
    require "pg"
    open = -> { PG.connect(host: name, user: "shunt", dbname: "postgres") }
    Reopened.new(open, ->(it) { it.exec("select current_setting('cluster_name')").getvalue(0, 0) })
  },
}
ask = nil
while $stdin.gets
  begin
    ask ||= drivers.fetch(driver).call
    puts ask.call.strip
  rescue StandardError => error
    puts "error: #{error.class}"
  end
end
