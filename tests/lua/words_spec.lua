-- The words people type: options after a verb, and names that were nearly right.
local read = require "reeve.options"
local suggest = require "reeve.suggest"

describe("options", function()
  local KNOWN = { ["-c"] = "file", ["--config"] = "file", ["--json"] = true, ["--dry-run"] = true }

  local function good(known, args, options, words)
    assert.same({ options, words }, { read(known, args) })
  end

  it("are told from words", function()
    good(KNOWN, {}, {}, {})
    good(KNOWN, { "a", "--json", "b" }, { json = true }, { "a", "b" })
    good(KNOWN, { "--dry-run" }, { ["dry-run"] = true }, {})
    good(KNOWN, { "-", "" }, {}, { "-", "" })
  end)

  it("take the next word, or what stands after =", function()
    good(KNOWN, { "-c", "x", "y" }, { file = "x" }, { "y" })
    good(KNOWN, { "--config=a=b" }, { file = "a=b" }, {})
    good(KNOWN, { "--config=" }, { file = "" }, {})
    good(KNOWN, { "-c", "--json" }, { file = "--json" }, {})
  end)

  it("end at --", function()
    good(KNOWN, { "--json", "--", "--json", "--", "-c" }, { json = true }, { "--json", "--", "-c" })
    good(KNOWN, { "--" }, {}, {})
  end)

  it("with one dash are words where the verb has none such", function()
    good({ ["--json"] = true }, { "-1", "-c" }, {}, { "-1", "-c" })
  end)

  it("that are wrong are named", function()
    local cases = {
      { { "-x" }, "unknown option '-x'; did you mean '-c'?" },
      { { "--JSN" }, "unknown option '--JSN'; did you mean '--json'?" },
      { { "--quite-another" }, "unknown option '--quite-another'" },
      { { "a", "-c" }, "-c needs a value" },
      { { "--json=yes" }, "--json takes no value" },
    }
    for _, case in ipairs(cases) do
      assert.same({ nil, case[2] }, { read(KNOWN, case[1]) })
    end
  end)
end)

-- The same rows as a_near_name_is_suggested of tests/c/test_text.c: one rule in both languages.
describe("the name that was meant", function()
  local NAMES = { "client_limit", "process_limit", "port", "user", "idle_kill" }
  local ROWS = {
    { "cleint_limit", "client_limit" }, { "client_limt", "client_limit" }, { "CLIENT_LIMIT", "client_limit" },
    { "prot", "port" }, { "PROT", "port" }, { "usr", "user" }, { "users", "user" }, { "idel_kil", "idle_kill" },
    { "process_limit", "process_limit" }, { "mode", nil }, { "", nil }, { "x", nil }, { "completely_other", nil },
    { ("a"):rep(399), nil },
  }

  it("is the nearest of a list, or of a set", function()
    local set = {}
    for _, name in ipairs(NAMES) do set[name] = true end
    for _, row in ipairs(ROWS) do
      assert.equal(row[2], suggest.nearest(row[1], NAMES), row[1])
      assert.equal(row[2], suggest.nearest(row[1], set), row[1])
    end
  end)

  it("is the first in the alphabet of several as near", function()
    assert.equal("bat", suggest.nearest("cat", { "hat", "bat", "eat" }))
    assert.equal("bat", suggest.nearest("cat", { hat = 1, bat = 1, eat = 1 }))
  end)

  it("is a sentence, or nothing", function()
    assert.equal("; did you mean 'port'?", suggest.hint("prot", NAMES))
    assert.equal("", suggest.hint("zzz", NAMES))
    assert.equal("", suggest.hint(17, NAMES))
  end)
end)
