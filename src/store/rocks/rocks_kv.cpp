#include "store/rocks/rocks_kv.h"

#include "base/assert.h"
#include "store/call.h"
#include "store/limits.h"
#include "store/pool.h"
#include "store/rocks/backup.h"
#include "store/rocks/check.h"
#include "store/rocks/reads.h"
#include "store/rocks/settle.h"
#include "store/rocks/writer.h"

namespace helio::store {

using rocks::Folded;
using rocks::Stack;

namespace {

// The rest of a sentence for the owner: why not everything is in RocksDB, and what to do.
std::string why(Folded folded, const RocksOptions& options) {
  const std::string directory = options.directory.string();
  switch (folded) {
    case Folded::kNoRoom:
      return "the disk of the store in " + directory + " is full: free some space on it, then try again.";
    case Folded::kTooLong:
      return "the disk of the store in " + directory +
             " has not taken the newest commits for minutes: see what keeps it busy, then try again.";
    default: return "the store in " + directory + " stops, or its disk has failed: see the log of the server.";
  }
}

}  // namespace

struct RocksKv::Engine {
  explicit Engine(RocksOptions given)
      : options(std::move(given)),
        failure(options.fatal),
        database(options, failure),
        stack(database, options.memory / 2),
        folder(database, stack, failure, options),
        writer(database, stack, folder, failure, options),
        readers(options.reader_threads) {}

  RocksOptions options;
  rocks::Failure failure;
  rocks::Database database;
  rocks::CurrentStack stack;
  rocks::Folder folder;
  rocks::Writer writer;
  Pool readers;

  // From memory at once, or else on a thread of the pool.
  // Read: bool(Database&, const Stack&, ReadTier, T& out), as in store/rocks/reads.h.
  template <class T, class Read>
  static Task<T> read(Engine& engine, Read read) {
    T found;
    if (read(engine.database, *engine.stack.load(), rocksdb::kBlockCacheTier, found)) co_return found;

    const Executor executor = co_await asio::this_coro::executor;
    auto call = std::make_shared<Call<T>>(executor);
    auto start = [&engine, read = std::move(read)](std::shared_ptr<Call<T>> asked) mutable {
      const bool accepted = engine.readers.submit([&engine, read = std::move(read), asked] {
        try {
          T value;
          const bool answered = read(engine.database, *engine.stack.load(), rocksdb::kReadAllTier, value);
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

  static void answer(std::shared_ptr<Sleeper> call) {
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
    engine->writer.submit(batch, std::move(asked));
  };
  co_return co_await Call<Commit>::wait(std::move(call), std::move(start));
}

Task<Values> RocksKv::get(Bytes partition, std::vector<Bytes> keys) {
  assert_within_limits(partition, keys);
  return Engine::read<Values>(*engine_,
                              [partition = std::move(partition), keys = std::move(keys)](
                                  rocks::Database& database, const Stack& stack, rocksdb::ReadTier tier, Values& out) {
                                return rocks::read_values(database, stack, partition, keys, tier, out);
                              });
}

Task<Page> RocksKv::scan(Bytes partition, Scan scan) {
  assert_within_limits(partition, scan);
  return Engine::read<Page>(*engine_,
                            [partition = std::move(partition), scan = std::move(scan)](
                                rocks::Database& database, const Stack& stack, rocksdb::ReadTier tier, Page& out) {
                              return rocks::read_page(database, stack, partition, scan, tier, out);
                            });
}

Task<std::vector<Bytes>> RocksKv::pending(std::uint32_t bucket) {
  ASSERT(bucket < kBuckets);
  return Engine::read<std::vector<Bytes>>(
      *engine_, [bucket](rocks::Database& database, const Stack& stack, rocksdb::ReadTier tier,
                         std::vector<Bytes>& out) { return rocks::read_pending(database, stack, bucket, tier, out); });
}

std::uint32_t RocksKv::lost_ids_max() const {
  return engine_->database.lost_ids_max();
}

void RocksKv::stop() {
  engine_->folder.hurry();  // The writer may be waiting for it.
  engine_->writer.stop();
  engine_->folder.stop();
  engine_->readers.stop();
}

RocksKv::Counts RocksKv::counts() const {
  const auto [commits, groups] = engine_->writer.counts();
  return {commits, groups, engine_->folder.folds()};
}

bool RocksKv::fold_all() {
  return engine_->writer.fold_all() == Folded::kDone;
}

bool RocksKv::settle() {
  return fold_all() && rocks::settle(engine_->database);
}

rocks::StoreBackup RocksKv::back_up(const std::filesystem::path& folder, const Watch& watch) {
  const Folded folded = engine_->writer.fold_all();
  if (folded != Folded::kDone)
    throw rocks::BackupFailed("No backup was made, because " + why(folded, engine_->options));
  return rocks::back_up(engine_->database, folder, watch);
}

rocks::CheckReport RocksKv::check(const Watch& watch) {
  const Folded folded = engine_->writer.fold_all();
  if (folded != Folded::kDone) throw StoreDown("nothing was checked, because " + why(folded, engine_->options));
  return rocks::check(engine_->database, watch);
}

}  // namespace helio::store
