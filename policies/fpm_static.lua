-- fpm_static: php-fpm's pm = static: max_children processes, always. Use it as `only { fpm_static {...} }`.
--
-- A child that exits is started again at once, as there; unlike there a child that fails to start is throttled by
-- the master.
--
-- options: max_children (process_limit)
return function(options)
  options = options or {}
  return {
    on = { "start", "reload" },
    run = function(s)
      local n = options.max_children or s.settings.process_limit
      return { at_least = n, at_most = n, why = "static" }
    end,
  }
end
