#include "store/rocks/rocks_kv.h"

#include "base/assert.h"
#include "store/limits.h"
#include "store/rocks/call.h"
#include "store/rocks/database.h"
#include "store/rocks/readers.h"
#include "store/rocks/reads.h"
#include "store/rocks/writer.h"

namespace helio::store {

using rocks::Answers;
using rocks::Call;

struct RocksKv::Engine {
  explicit Engine(RocksOptions given)
      : options(std::move(given)), database(options), writer(database, options), readers(options.reader_threads) {}

  RocksOptions options;
  rocks::Database database;
  rocks::Writer writer;
  rocks::Readers readers;

  // From memory at once, or else on a thread of the pool.
  // Read: bool(Database&, ReadTier, T& out), as in store/rocks/reads.h.
  template <class T, class Read>
  static Task<T> read(Engine& engine, Read read) {
    T found;
    if (read(engine.database, rocksdb::kBlockCacheTier, found)) co_return found;

    const Executor executor = co_await asio::this_coro::executor;
    auto call = std::make_shared<Call<T>>(executor);
    auto start = [&engine, read = std::move(read)](std::shared_ptr<Call<T>> asked) mutable {
      const bool accepted = engine.readers.submit([&engine, read = std::move(read), asked] {
        try {
          T value;
          const bool answered = read(engine.database, rocksdb::kReadAllTier, value);
          ASSERT(answered);
          asked->done(std::move(value));
        } catch (const StoreDown&) {
          asked->failed(std::current_exception());
        }
        answer(asked);
      });
      if (accepted) return;
      asked->failed(std::make_exception_ptr(StoreDown("the store stops, or too many reads wait for the disk")));
      answer(asked);
    };
    co_return co_await Call<T>::wait(std::move(call), std::move(start));
  }

  static void answer(std::shared_ptr<rocks::Sleeper> call) {
    Answers answers;
    answers.add(std::move(call));
    answers.send();
  }
};

RocksKv::RocksKv(RocksOptions options) : engine_(std::make_unique<Engine>(std::move(options))) {}

RocksKv::~RocksKv() {
  stop();
}

Task<Commit> RocksKv::commit(Batch batch) {
  assert_within_limits(batch);
  const Executor executor = co_await asio::this_coro::executor;
  auto call = std::make_shared<Call<Commit>>(executor);
  auto start = [engine = engine_.get(), batch = std::move(batch)](std::shared_ptr<Call<Commit>> asked) mutable {
    engine->writer.submit(std::move(batch), std::move(asked));
  };
  co_return co_await Call<Commit>::wait(std::move(call), std::move(start));
}

Task<Values> RocksKv::get(Bytes partition, std::vector<Bytes> keys) {
  assert_within_limits(partition, keys);
  return Engine::read<Values>(*engine_, [partition = std::move(partition), keys = std::move(keys)](
                                            rocks::Database& database, rocksdb::ReadTier tier, Values& out) {
    return rocks::read_values(database, partition, keys, tier, out);
  });
}

Task<Page> RocksKv::scan(Bytes partition, Scan scan) {
  assert_within_limits(partition, scan);
  return Engine::read<Page>(*engine_, [partition = std::move(partition), scan = std::move(scan)](
                                          rocks::Database& database, rocksdb::ReadTier tier, Page& out) {
    return rocks::read_page(database, partition, scan, tier, out);
  });
}

Task<std::vector<Bytes>> RocksKv::pending(std::uint32_t bucket) {
  ASSERT(bucket < kBuckets);
  return Engine::read<std::vector<Bytes>>(
      *engine_, [bucket](rocks::Database& database, rocksdb::ReadTier tier, std::vector<Bytes>& out) {
        return rocks::read_pending(database, bucket, tier, out);
      });
}

void RocksKv::stop() {
  engine_->writer.stop();
  engine_->readers.stop();
}

RocksKv::Counts RocksKv::counts() const {
  return engine_->writer.counts();
}

}  // namespace helio::store
