#!/usr/bin/lua5.4
-- One process, one connection: says back each line until the client says "bye" or leaves.
local worker = require "reeve.worker"

for client in worker.clients() do
  client:timeout(300)
  client:send(("echo from process %d\n"):format(worker.pid()))
  for line in client.line, client do
    client:send(line .. "\n")
    if line == "bye" then break end
  end
end
