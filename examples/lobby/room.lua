#!/usr/bin/lua5.4
-- The room: its guests come from the lobby, with the name that they gave there.
local worker = require "reeve.worker"
local here = {}

local function tell(format, ...)
  for client in pairs(here) do
    if not client:send(format:format(...)) then client:close() end -- does not read: better one leaves than all wait
  end
end

worker.loop {
  open = function(client)
    local name = client:receive_fd(5)
    for _, other in pairs(here) do
      if other == name then client:answer(name .. " is here already") return client:close() end
    end
    if not name or not client:answer() then return client:close() end
    here[client] = name
    tell("* %s has come\n", name)
  end,
  data = function(client, text)
    for line in text:gmatch "[^\r\n]+" do tell("%s: %s\n", here[client], (line:gsub("%c", " "))) end
  end,
  close = function(client)
    local name = here[client]
    here[client] = nil
    if name then tell("* %s has left\n", name) end
  end,
}
