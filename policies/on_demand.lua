-- on_demand: a client waits and no process has room: start one for each client that waits. Built in.
--
-- Dovecot 2.4 accepts for client_limit = 1 and so starts one process per waiting connection; 2.3 and Postfix start
-- them one after the other. The count comes from the listeners' queues, and the master acts without asking here.
return function()
  return {
    on = { "start", "reload" },
    run = function() return { on_demand = true } end,
  }
end
