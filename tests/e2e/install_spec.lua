-- libreeve as its user has it: installed, found by pkg-config, compiled out of the tree.
local reeve = require "reeve"

local PRELOAD = os.getenv "PRELOAD" -- a build with ASan is linked by programs with it

-- Becomes nobody when it has opened what needs root, and says what it knows.
local PROGRAM = [[
#include <reeve.h>
#include <stdio.h>
#include <unistd.h>

static void serve(struct reeve_worker *worker, struct reeve_client *client, void *context)
{
	char key[32] = "";

	(void)context;
	if (pread(reeve_file("KEY"), key, sizeof key - 1, 0) < 0)
		reeve_log(worker, REEVE_ERROR, "no key");
	dprintf(client->fd, "%s %s %d %s\n", reeve_service(worker)->name, client->listener->name, (int)getuid(), key);
}

int main(void)
{
	struct reeve_worker *worker;
	struct reeve_error error;
	int result = 78;

	if (reeve_start(&worker, &error) < 0 || reeve_drop_privileges(&error) < 0)
		reeve_log(NULL, REEVE_FATAL, "%s", error.text);
	else
		result = reeve_serve(worker, serve, NULL, &error) < 0;
	reeve_stop(&worker);
	return result;
}
]]

local SERVICE = [[service "w" { executable = "@dir@/program", client_limit = 1, drop_priv_before_exec = false,
  open_files = { KEY = "@dir@/key" }, inet_listener "door" { port = @port@, address = "127.0.0.1" } }]]

local function must(command)
  local code, text = reeve.shell(command)
  assert(code == 0, command .. "\n" .. text)
  return text
end

describe("libreeve", function()
  after_each(reeve.clean)

  it("is found by pkg-config when it is installed, and a program with it works without the tree", function()
    local d = reeve.start { config = SERVICE, prepare = function(d)
      local words = "env -u MAKEFLAGS -u MFLAGS make -s install BUILD=%s PREFIX=/usr DESTDIR=%s/installed %s >/dev/null"
      must(words:format(reeve.build, d.dir,
        PRELOAD and "SAN=1" or ""))
      reeve.write(d.dir .. "/w.c", PROGRAM)
      reeve.write(d.dir .. "/key", "secret")
      local there = d.dir .. "/installed"
      local flags = must(("PKG_CONFIG_PATH=%s/usr/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=%s pkg-config --cflags --libs "
        .. "libreeve"):format(there, there)):gsub("\n", "")
      must(("chmod 755 %s && cd %s && gcc -Wall -Wextra -Werror %s -o program w.c %s -Wl,-rpath,%s/usr/lib"):format(
        d.dir, d.dir, PRELOAD and "-fsanitize=address,undefined" or "", flags, there))
    end }
    local _, uid = reeve.shell "id -u nobody"
    assert.equal("w door " .. uid:match "%d+" .. " secret", (d:connect().socket:receive "*l"))
    d:stop()
  end)

  it("has each function of reeve.h in reeve-worker(3), by name and with its arguments", function()
    local header, page = reeve.read "src/worker/reeve.h", reeve.read "docs/reeve-worker.3"
    local n = 0
    for name in header:gsub("/%*.-%*/", ""):gmatch "[%s%*](reeve_[%w_]+)%(" do
      if name:find "_fn$" then goto continue end -- a type
      n = n + 1
      assert.truthy(page:find(".Nm " .. name .. "%f[^%w_]"), name .. " is not among the names")
      assert.truthy(page:find(".Fn " .. name .. ' "', 1, true), name .. " is not in the synopsis")
      ::continue::
    end
    assert.is_true(n >= 25, "only " .. n .. " functions were found")
  end)
end)
