// server/wiring.h: the rooms, built from the ground up, plugged into each other, and taken down in the opposite order.
//
// Threads: built and destroyed while the cores do not run; start() and stop() on core 0.
#pragma once
#include "base/cores.h"
#include "base/random.h"
#include "net/address_limits.h"
#include "net/http/message.h"
#include "net/listener.h"
#include "server/admin/listener.h"
#include "server/backup/job.h"
#include "server/console_codes.h"
#include "server/data_folder.h"
#include "server/settings.h"
#include "server/wire.h"
#include "store/rocks/rocks_kv.h"

namespace helio::server {

// What the HTTP port offers: GET /health, whether the process serves at all, and /apiws, MTProto over WebSocket.
class Web final : public net::http::Handler {
 public:
  // Plugged before anything is accepted.
  void plug(mtproto::Server& mtproto) { mtproto_ = &mtproto; }

  Task<net::http::Response> handle(net::http::Request request) override;
  bool takes_web_socket(View path) const override;
  void web_socket(std::string path, std::unique_ptr<net::ByteStream> stream) override;

 private:
  mtproto::Server* mtproto_ = nullptr;
};

class Wiring {
 public:
  // Throws OwnerError for what the owner must mend. Listens from here on; connections are accepted after start().
  Wiring(Cores& cores, const DataFolder& folder, const Settings& settings);
  ~Wiring();

  net::Endpoint mtproto_address() const { return mtproto_listener_->local(); }
  net::Endpoint http_address() const { return http_listener_->local(); }

  Task<> start();  // Throws StoreDown.
  Task<> stop();   // Also after a start() that failed.

 private:
  struct HttpCore;

  void accept_http(int core, std::unique_ptr<net::ByteStream> stream);
  Task<> serve_http(std::unique_ptr<net::ByteStream> stream);
  Task<bool> stop_http(int core);
  Task<bool> stop_boxes(int core);
  Task<admin::Reply> code_of(std::vector<std::string> arguments);
  Task<admin::Reply> back_up(std::vector<std::string> arguments, admin::Progress progress);
  Task<admin::Reply> check(std::vector<std::string> arguments, admin::Progress progress);

  Cores& cores_;
  const DataFolder& folder_;  // Outlives this.
  SystemClock clock_;
  SystemRandom random_;
  Web web_;
  ConsoleCodes codes_;
  std::unique_ptr<store::RocksKv> kv_;
  std::unique_ptr<domain::Domain> domain_;
  WireKeys wire_keys_;
  Wire wire_;
  std::unique_ptr<api::Api> api_;
  std::unique_ptr<mtproto::Server> mtproto_;
  std::unique_ptr<net::Listener> mtproto_listener_, http_listener_;
  std::unique_ptr<admin::Listener> admin_;
  backup::Job job_;
  std::unique_ptr<net::AddressLimits> http_addresses_;
  std::vector<std::unique_ptr<HttpCore>> http_;
  TaskGroup listening_;
};

}  // namespace helio::server
