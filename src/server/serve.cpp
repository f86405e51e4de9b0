#include "server/serve.h"

#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/signal_set.hpp>
#include <cstdio>

#include "base/log.h"
#include "server/data_folder.h"
#include "server/owner_error.h"
#include "server/wiring.h"
#include "store/kv.h"

namespace helio::server {

namespace {

log::Level level_of(const std::string& name) {
  if (name == "debug") return log::Level::kDebug;
  if (name == "info") return log::Level::kInfo;
  if (name == "warn") return log::Level::kWarn;
  return name == "error" ? log::Level::kError : log::Level::kOff;
}

// Every connection is an open file, and the usual soft limit of 1,024 is for programs that call select().
void raise_open_files() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  log::debug("server.open_files", {{"limit", limit.rlim_cur}});
}

// From the first connection to the last. Runs on core 0.
Task<> live(Wiring& wiring, Cores& cores, std::string& failure) {
  asio::basic_signal_set<Executor> stop_signals(cores.executor(0), SIGTERM, SIGINT);
  try {
    co_await wiring.start();
    std::printf("ready mtproto=%s http=%s pid=%d\n", net::to_text(wiring.mtproto_address()).c_str(),
                net::to_text(wiring.http_address()).c_str(), static_cast<int>(getpid()));
    std::fflush(stdout);
    log::info("server.ready");
    co_await stop_signals.async_wait(asio::as_tuple(use_task));
    log::info("server.stopping");
  } catch (const store::StoreDown& down) {
    failure = down.what();
  }
  co_await wiring.stop();
  cores.stop();
}

}  // namespace

int serve(const std::filesystem::path& data, const Settings& settings) {
  log::start(level_of(settings.text("log.level")));
  raise_open_files();
  const DataFolder folder(data);
  const int wanted = settings.number("cores");
  Cores cores(wanted > 0 ? wanted : static_cast<int>(std::max(1u, std::thread::hardware_concurrency())));
  std::string failure;
  {
    Wiring wiring(cores, folder, settings);
    TaskGroup life(cores.executor(0));
    cores.post(0, [&] { life.spawn(live(wiring, cores, failure)); });
    cores.run();
  }
  log::stop();
  if (!failure.empty()) throw OwnerError("the store cannot be read: " + failure);
  return 0;
}

}  // namespace helio::server
