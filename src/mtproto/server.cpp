#include "mtproto/server.h"

#include <stdexcept>

#include "mtproto/shard.h"

namespace helio::mtproto {

ServerSettings ServerSettings::for_load() {
  ServerSettings settings;
  settings.addresses = {.new_per_second = 1e9, .burst = 1e9, .open_max = 100'000'000};
  settings.exchanges_per_address_max = 1'000'000;
  settings.exchanges_max = 1'000'000;
  settings.worker_queue_max = 100'000;
  return settings;
}

// Brings a new key to the core that owns it.
class Server::Keeper final : public KeyKeeper {
 public:
  Common* common = nullptr;

  Task<Kept> keep(NewKey key) override {
    const int owner = common->cores.owner(static_cast<std::uint64_t>(key.id));
    Shard* shard = common->shards[static_cast<std::size_t>(owner)].get();
    auto work = [shard, key] { return shard->keep(key); };
    co_return co_await common->cores.on(owner, std::move(work));
  }
};

Server::Server(Cores& cores, Clock& clock, store::Kv& kv, Handler& handler, std::vector<crypto::RsaKey> keys,
               ServerSettings settings, MakeRandom make_random)
    : settings_(settings), keeper_(std::make_unique<Keeper>()) {
  static const bool sound = crypto::dh_group_is_sound();  // Slow, and the same for the life of the process.
  if (!sound) throw std::runtime_error("the key exchange group is not sound: this build is broken");
  common_.reset(new Common{
      .cores = cores,
      .clock = clock,
      .handler = handler,
      .settings = settings_,
      .salt_secret = crypto::fixed<32>(make_random()->bytes(32)),
      .seen = SeenHeaders(clock),
      .addresses = net::AddressLimits(clock, settings.addresses),
      .store = KeyStore(kv),
      .ids = IdClock(cores, clock, kv),
      .workers = Workers(cores, {.threads = settings.workers, .queue_max = settings.worker_queue_max}, make_random),
      .handshakes = std::nullopt,
      .shards = {}});
  keeper_->common = common_.get();
  for (int core = 0; core < cores.count(); ++core) {
    common_->shards.push_back(std::make_unique<Shard>(*common_, core, make_random()));
  }
  common_->handshakes.emplace(common_->ids, common_->shards[0]->random(), common_->workers, *keeper_, std::move(keys),
                              Handshakes::Settings{.legacy = settings.legacy_key_exchange,
                                                   .per_address_max = settings.exchanges_per_address_max,
                                                   .all_max = settings.exchanges_max});
  common_->ids.start();
  for (auto& shard : common_->shards) shard->start();
}

Server::~Server() = default;

void Server::accept(std::unique_ptr<net::ByteStream> stream, Carrier carrier) {
  common_->shards[static_cast<std::size_t>(common_->cores.here())]->accept(std::move(stream), carrier);
}

Task<> Server::stop() {
  for (auto& shard : common_->shards) {
    auto work = [it = shard.get()] { return it->stop(); };
    co_await common_->cores.on(shard->core(), std::move(work));
  }
  auto stop_ids = [ids = &common_->ids] { return ids->stop(); };
  co_await common_->cores.on(0, std::move(stop_ids));
}

Task<bool> Server::bind_temp(TempKeyBinding binding) {
  const int owner = common_->cores.owner(static_cast<std::uint64_t>(binding.temp_key_id));
  Shard* shard = common_->shards[static_cast<std::size_t>(owner)].get();
  auto work = [shard, binding = std::move(binding)] { return shard->bind_temp(binding); };
  co_return co_await common_->cores.on(owner, std::move(work));
}

Task<> Server::drop_temps(std::int64_t permanent_key_id, std::vector<std::int64_t> except) {
  const int owner = common_->cores.owner(static_cast<std::uint64_t>(permanent_key_id));
  Shard* shard = common_->shards[static_cast<std::size_t>(owner)].get();
  auto work = [shard, permanent_key_id, except = std::move(except)] {
    return shard->drop_temps(permanent_key_id, except);
  };
  co_await common_->cores.on(owner, std::move(work));
}

}  // namespace helio::mtproto
