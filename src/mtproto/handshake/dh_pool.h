// mtproto/handshake/dh_pool.h: secrets for Diffie-Hellman, made while the workers have nothing else to do, so that a
// client that comes alone does not wait for one.
//
// Each is handed out once and kept nowhere. Under load the pool runs dry, and who needs a pair makes it.
// Threads: any.
#pragma once
#include <memory>
#include <optional>
#include <vector>

#include "crypto/dh.h"
#include "mtproto/handshake/workers.h"

namespace helio::mtproto {

class DhPool {
 public:
  // Empty at first. `workers` outlives the pool and has no other idle work.
  DhPool(Workers& workers, std::size_t size = 64);
  ~DhPool();  // Wipes what it still has.
  DhPool(const DhPool&) = delete;

  // One that nobody had before; nullopt when none is ready.
  std::optional<crypto::DhPair> take();

 private:
  // Outlives the pool while a worker fills it.
  struct Shared {
    std::mutex mutex;
    std::vector<crypto::DhPair> ready;
    bool closed = false;
  };
  static bool make_one(Shared& shared, std::size_t size, Random& random);  // Whether more are wanted.

  Workers& workers_;
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

}  // namespace helio::mtproto
