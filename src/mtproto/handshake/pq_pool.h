// mtproto/handshake/pq_pool.h: products of two primes, made ahead, so that a flood of req_pq searches none.
//
// Threads: any.
#pragma once
#include <optional>
#include <vector>

#include "crypto/pq.h"
#include "mtproto/handshake/workers.h"

namespace helio::mtproto {

class PqPool {
 public:
  // Full from the start: who comes first must not be refused. About 10 µs each.
  PqPool(Workers& workers, Random& random, std::size_t size = 1024);

  // One that nobody had before; nullopt when they are taken faster than made.
  std::optional<crypto::Pq> take();

 private:
  // Outlives the pool while a worker fills it.
  struct Shared {
    std::mutex mutex;
    std::vector<crypto::Pq> ready;
    bool filling = false;
  };
  static void fill(Shared& shared, std::size_t size, Random& random);

  Workers& workers_;
  const std::size_t size_;
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

}  // namespace helio::mtproto
