// tests/crash/victim.cpp: store_victim, the process that the crash driver kills: a store behind a socket.
//
//   store_victim DIRECTORY [--memory MIB] [--queue COMMITS] [--kill-at POINT:COUNT] [--real-space]
//
// It knows nothing of what it is asked to keep, and keeps no record of its own: the truth is the driver's.
// The store is DIRECTORY/store, its blobs are in DIRECTORY/blobs. Descriptor kVictimSocket leads to the driver; when
// that closes, it ends.
#include <dlfcn.h>
#include <sys/socket.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <thread>

#include "base/cores.h"
#include "base/random.h"
#include "kill_switch.h"
#include "protocol.h"
#include "store/disk/disk_blobs.h"
#include "store/rocks/backup.h"
#include "store/rocks/rocks_kv.h"

namespace helio::crash {

namespace {

constexpr int kCores = 2;
constexpr std::size_t kPiece = 20'000;  // Of a blob.

// The socket to the driver. Threads: tell() any, ask() one.
class Conversation {
 public:
  void tell(Tell kind, std::uint64_t number, Bytes fields = {}) {
    const Bytes frame = encode({static_cast<std::uint8_t>(kind), number, std::move(fields)});
    const std::lock_guard lock(mutex_);
    for (View left = frame; !left.empty();) {
      const auto sent = ::send(kVictimSocket, left.data(), left.size(), MSG_NOSIGNAL);
      if (sent <= 0) ::_exit(0);  // The driver is gone.
      left.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  Frame ask() {
    Frame frame;
    while (!decode(in_, at_, frame)) {
      in_.erase(0, at_);
      at_ = 0;
      char buffer[64 << 10];
      const auto got = ::recv(kVictimSocket, buffer, sizeof buffer, 0);
      if (got <= 0) ::_exit(0);
      in_.append(buffer, static_cast<std::size_t>(got));
    }
    return frame;
  }

 private:
  std::mutex mutex_;
  Bytes in_;
  std::size_t at_ = 0;
};

store::Batch read_batch(Reader in) {
  store::Batch batch;
  batch.partition = in.text();
  batch.expect = in.number<std::uint64_t>();
  batch.pending = in.number<std::uint8_t>() != 0;
  for (auto left = in.number<std::uint32_t>(); left > 0; --left) {
    Bytes from = in.text();
    batch.erase_ranges.push_back({std::move(from), in.text()});
  }
  for (auto left = in.number<std::uint32_t>(); left > 0; --left) batch.erase.push_back(in.text());
  for (auto left = in.number<std::uint32_t>(); left > 0; --left) {
    Bytes key = in.text();
    batch.puts.push_back({std::move(key), in.text()});
  }
  return batch;
}

store::Scan read_scan(Reader& in) {
  store::Scan scan;
  scan.from = in.text();
  scan.to = in.text();
  scan.reverse = in.number<std::uint8_t>() != 0;
  scan.limit = in.number<std::uint32_t>();
  scan.size_max = in.number<std::uint32_t>();
  return scan;
}

// Tells libfiu, when it is preloaded, to begin or end a failure of the C library's calls.
void set_failure(const Bytes& name, std::uint32_t probability, std::uint32_t error) {
  using Init = int (*)(unsigned);
  using Enable = int (*)(const char*, int, void*, unsigned, float);
  using Disable = int (*)(const char*);
  const auto init = reinterpret_cast<Init>(::dlsym(RTLD_DEFAULT, "fiu_init"));
  const auto enable = reinterpret_cast<Enable>(::dlsym(RTLD_DEFAULT, "fiu_enable_random"));
  const auto disable = reinterpret_cast<Disable>(::dlsym(RTLD_DEFAULT, "fiu_disable"));
  if (!init || !enable || !disable) {
    std::fputs("store_victim: libfiu is not preloaded\n", stderr);
    ::_exit(3);
  }
  init(0);
  if (probability == 0) {
    disable(name.c_str());
  } else {
    void* const number = reinterpret_cast<void*>(static_cast<std::uintptr_t>(error));
    enable(name.c_str(), 1, number, 0, static_cast<float>(probability) / 65536.0F);
  }
}

// RocksDB alone writes files of the store with write(). For its list of files it sets room aside beforehand.
std::atomic<bool> is_full = false;

bool finds_no_room(int file) {
  if (!is_full) return false;
  std::error_code error;
  const Bytes path = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(file), error).string();
  return path.find("/store/") != Bytes::npos && path.find("/MANIFEST-") == Bytes::npos;
}

// The disk stands still until then, in nanoseconds of the steady clock.
std::atomic<std::int64_t> stalled_until = 0;

void stall(std::uint32_t milliseconds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
  stalled_until = std::chrono::nanoseconds(until.time_since_epoch()).count();
}

void wait_for_the_disk() {
  std::this_thread::sleep_until(std::chrono::steady_clock::time_point(std::chrono::nanoseconds(stalled_until)));
}

// A call of the C library, as whoever is preloaded has it.
template <class Call>
Call next(const char* name) {
  return reinterpret_cast<Call>(::dlsym(RTLD_NEXT, name));
}

class Victim {
 public:
  Victim(std::filesystem::path directory, bool real_space)
      : directory_(std::move(directory)),
        real_space_(real_space),
        switch_([this](View point) { conversation_.tell(Tell::kReached, 0, Fields().text(point).take()); }) {}

  int run(std::size_t memory, std::size_t queue, const Bytes& kill_at) {
    const auto colon = kill_at.find(':');
    if (colon != Bytes::npos) {
      std::uint32_t count = 1;
      std::from_chars(kill_at.data() + colon + 1, kill_at.data() + kill_at.size(), count);
      switch_.arm(kill_at.substr(0, colon), count);
    }
    try {
      open(memory, queue);
    } catch (const store::OpenError& error) {
      conversation_.tell(Tell::kRefused, 0, Fields().text(error.what()).take());
      return 1;
    }
    conversation_.tell(Tell::kOpened, 0);
    std::thread cores([this] { cores_.run(); });
    while (serve(conversation_.ask())) {
    }
    if (backup_.joinable()) backup_.join();
    kv_->stop();
    cores_.stop();
    cores.join();
    blobs_.reset();
    kv_.reset();
    return 0;
  }

 private:
  void open(std::size_t memory, std::size_t queue) {
    store::RocksOptions options;
    options.directory = directory_ / "store";
    options.memory = memory;
    options.reader_threads = 2;
    // Small, so that a short life sees many of each.
    options.segment_size = 2 << 20;
    options.group_size_max = 1 << 20;
    options.generation_size = 2 << 20;
    options.queue_commits_max = queue;
    options.reached = [this](View point) { switch_.reached(point); };
    // The disk of the machine that tests is not the subject: there is room unless the driver says otherwise.
    constexpr std::uint64_t kTotal = 1ULL << 40;
    if (!real_space_)
      options.disk_space = [this] { return store::DiskSpace{.free = has_room_ ? kTotal / 2 : 0, .total = kTotal}; };
    kv_ = std::make_unique<store::RocksKv>(std::move(options));

    store::DiskOptions disk;
    disk.directory = directory_ / "blobs";
    if (!real_space_)
      disk.room.space = [this] { return store::DiskSpace{.free = has_room_ ? kTotal / 2 : 0, .total = kTotal}; };
    disk.reached = [this](View point) { switch_.reached(point); };
    blobs_ = std::make_unique<store::DiskBlobs>(std::move(disk), clock_, chance_);
  }

  // False: the driver asks for an end.
  bool serve(Frame frame) {
    Reader in(frame.fields);
    switch (static_cast<Ask>(frame.kind)) {
      case Ask::kStop: return false;
      case Ask::kArm: {
        Bytes point = in.text();
        switch_.arm(std::move(point), in.number<std::uint32_t>());
        return true;
      }
      case Ask::kFail: {
        const Bytes name = in.text();
        const auto probability = in.number<std::uint32_t>();
        set_failure(name, probability, in.number<std::uint32_t>());
        return true;
      }
      case Ask::kRoom: has_room_ = in.number<std::uint8_t>() != 0; return true;
      case Ask::kFull: is_full = in.number<std::uint8_t>() == 0; return true;
      case Ask::kStall: stall(in.number<std::uint32_t>()); return true;
      case Ask::kHeal: set_failure(in.text(), 0, 0); return true;
      case Ask::kBackup: back_up(frame.number, in.text()); return true;
      default: break;
    }
    const int core = cores_.owner(frame.number);
    cores_.post(core, [this, core, asked = std::move(frame)]() mutable {
      asio::co_spawn(cores_.executor(core), answer(std::move(asked)), [](std::exception_ptr failure) {
        if (failure) std::rethrow_exception(failure);
      });
    });
    return true;
  }

  // Blocks for long: a thread of its own, one at a time.
  void back_up(std::uint64_t number, Bytes folder) {
    if (backup_.joinable()) backup_.join();
    backup_ = std::thread([this, number, folder = std::move(folder)] {
      try {
        kv_->back_up(folder, {});
        conversation_.tell(Tell::kDone, number);
      } catch (const std::runtime_error& error) {
        conversation_.tell(Tell::kDown, number, Fields().text(error.what()).take());
      }
    });
  }

  Task<> answer(Frame frame) {
    Bytes down;
    try {
      co_await answer_or_throw(frame.kind, frame.number, frame.fields);
    } catch (const store::StoreDown& error) {
      down = error.what();
    }
    if (!down.empty()) conversation_.tell(Tell::kDown, frame.number, Fields().text(down).take());
  }

  Task<> answer_or_throw(std::uint8_t kind, std::uint64_t number, Bytes fields) {
    Reader in(fields);
    Fields out;
    switch (static_cast<Ask>(kind)) {
      case Ask::kCommit: {
        store::Batch batch = read_batch(in);
        const store::Commit commit = co_await kv_->commit(std::move(batch));
        out.number(static_cast<std::uint8_t>(commit.outcome)).number(commit.version);
        conversation_.tell(Tell::kCommit, number, out.take());
        break;
      }
      case Ask::kScan: {
        Bytes partition = in.text();
        store::Scan scan = read_scan(in);
        const store::Page page = co_await kv_->scan(std::move(partition), std::move(scan));
        out.number(page.version).number(static_cast<std::uint8_t>(page.more));
        out.number(static_cast<std::uint32_t>(page.rows.size()));
        for (const auto& row : page.rows) out.text(row.key).text(row.value);
        conversation_.tell(Tell::kPage, number, out.take());
        break;
      }
      case Ask::kGet: {
        Bytes partition = in.text();
        std::vector<Bytes> keys;
        for (auto left = in.number<std::uint32_t>(); left > 0; --left) keys.push_back(in.text());
        const store::Values values = co_await kv_->get(std::move(partition), std::move(keys));
        out.number(values.version).number(static_cast<std::uint32_t>(values.values.size()));
        for (const auto& value : values.values) {
          out.number(static_cast<std::uint8_t>(value.has_value())).text(value ? *value : Bytes());
        }
        conversation_.tell(Tell::kValues, number, out.take());
        break;
      }
      case Ask::kPending: {
        const auto bucket = in.number<std::uint32_t>();
        const std::vector<Bytes> names = co_await kv_->pending(bucket);
        out.number(static_cast<std::uint32_t>(names.size()));
        for (const auto& name : names) out.text(name);
        conversation_.tell(Tell::kNames, number, out.take());
        break;
      }
      case Ask::kPutBlob: {
        Bytes content = in.text();
        const Bytes id = co_await put_blob(std::move(content));
        conversation_.tell(Tell::kName, number, out.text(id).take());
        break;
      }
      case Ask::kGetBlob: {
        const auto id = store::blob_id_of(in.text());
        const Bytes content = co_await get_blob(id.value());
        conversation_.tell(Tell::kBytes, number, out.text(content).take());
        break;
      }
      case Ask::kListBlobs: {
        std::vector<store::BlobInfo> all;
        for (unsigned first = 0; first < 256; ++first) {
          const std::vector<store::BlobInfo> some = co_await blobs_->list(static_cast<std::uint8_t>(first));
          all.insert(all.end(), some.begin(), some.end());
        }
        out.number(static_cast<std::uint32_t>(all.size()));
        for (const auto& blob : all) out.text(crypto::view(blob.id.hash));
        conversation_.tell(Tell::kNames, number, out.take());
        break;
      }
      default: throw std::runtime_error("the driver asks for what nobody knows");
    }
  }

  // In pieces, the last one first, and flushed in between. Empty: there was no room.
  Task<Bytes> put_blob(Bytes content) {
    store::BlobStarted started = co_await blobs_->start(content.size());
    if (started.outcome != store::BlobOutcome::kDone) co_return Bytes();
    const std::size_t pieces = (content.size() + kPiece - 1) / kPiece;
    for (std::size_t i = pieces; i-- > 0;) {
      Bytes piece = content.substr(i * kPiece, kPiece);
      const auto written = co_await started.draft->write(i * kPiece, std::move(piece));
      if (written != store::BlobOutcome::kDone) co_return Bytes();
      if (i == pieces / 2) co_await started.draft->flush();
    }
    const store::BlobStored stored = co_await started.draft->finish();
    co_return stored.outcome == store::BlobOutcome::kDone ? Bytes(crypto::view(stored.id.hash)) : Bytes();
  }

  // Empty: there is none.
  Task<Bytes> get_blob(store::BlobId id) {
    const auto size = co_await blobs_->size_of(id);
    Bytes content;
    while (size && content.size() < *size) {
      const auto piece = co_await blobs_->read(id, content.size(), kPiece);
      if (!piece || piece->empty()) co_return Bytes("the blob ends too soon");
      content += *piece;
    }
    const store::BlobCheck check = co_await blobs_->verify(id);
    if (check.state == store::BlobCheck::kDamaged) throw store::StoreDown(check.text);
    co_return check.state == store::BlobCheck::kIntact ? content : Bytes();
  }

  const std::filesystem::path directory_;
  const bool real_space_;
  Conversation conversation_;
  KillSwitch switch_;
  Cores cores_{kCores};
  const SystemClock clock_;
  SystemRandom chance_;
  std::atomic<bool> has_room_ = true;
  std::unique_ptr<store::RocksKv> kv_;
  std::unique_ptr<store::Blobs> blobs_;
  std::thread backup_;
};

}  // namespace

}  // namespace helio::crash

extern "C" {
ssize_t write(int file, const void* from, size_t size) {
  static const auto next = helio::crash::next<decltype(&::write)>("write");
  if (!helio::crash::finds_no_room(file)) return next(file, from, size);
  errno = ENOSPC;
  return -1;
}
int fsync(int file) {
  static const auto next = helio::crash::next<decltype(&::fsync)>("fsync");
  helio::crash::wait_for_the_disk();
  return next(file);
}
int fdatasync(int file) {
  static const auto next = helio::crash::next<decltype(&::fdatasync)>("fdatasync");
  helio::crash::wait_for_the_disk();
  return next(file);
}
}

int main(int count, char** arguments) {
  CLI::App app("A store behind a socket, to be killed by the crash driver.");
  std::string directory, kill_at;
  std::size_t memory = 16, queue = helio::store::RocksOptions().queue_commits_max;
  bool real_space = false;
  app.add_option("directory", directory)->required();
  app.add_option("--memory", memory, "MiB for the engine");
  app.add_option("--queue", queue, "commits that may wait");
  app.add_option("--kill-at", kill_at, "POINT:COUNT, a named point of the code where to die");
  app.add_flag("--real-space", real_space, "the disk itself says how much room there is");
  CLI11_PARSE(app, count, arguments);
  helio::crash::Victim victim(directory, real_space);
  return victim.run(memory << 20, queue, kill_at);
}
