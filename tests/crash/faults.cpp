#include <sched.h>
#include <sys/mount.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "driver.h"

namespace helio::crash {

namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr const char* kInjector = "/usr/lib/fiu/fiu_posix_preload.so";
constexpr const char* kInjectorAtStart = "/usr/lib/fiu/fiu_run_preload.so";
constexpr std::uint32_t kAlways = 65536;
constexpr std::size_t kWindow = 40;

enum class Expect {
  kEnds,    // The process ends by itself, with 1 and a reason, and acknowledges nothing that is not there.
  kMayEnd,  // Or it goes on, because nothing had to be written through what fails.
  kGoesOn,  // It goes on as if nothing had happened.
};

struct Fault {
  const char* name;
  std::vector<const char*> calls;  // Of libfiu.
  int error;
  Expect expect;
  std::uint32_t probability = kAlways;
};

const std::vector<const char*> kWrites = {"posix/io/rw/write", "posix/io/rw/pwrite", "posix/io/rw/writev",
                                          "posix/io/rw/pwritev"};

const Fault kFaults[] = {
    {"fdatasync fails", {"posix/io/sync/fdatasync"}, EIO, Expect::kEnds},
    {"fdatasync fails one time in five", {"posix/io/sync/fdatasync"}, EIO, Expect::kEnds, kAlways / 5},
    {"fsync fails", {"posix/io/sync/fsync"}, EIO, Expect::kMayEnd},
    {"every flush fails", {"posix/io/sync/fsync", "posix/io/sync/fdatasync"}, EIO, Expect::kEnds},
    {"writing fails", kWrites, EIO, Expect::kEnds},
    {"files cannot be opened", {"posix/io/oc/open"}, EIO, Expect::kMayEnd},
    {"files cannot be renamed", {"posix/io/dir/rename"}, EIO, Expect::kMayEnd},
    {"files cannot be removed", {"posix/io/dir/unlink"}, EIO, Expect::kMayEnd},
    {"reading fails", {"posix/io/rw/pread", "posix/io/rw/read"}, EIO, Expect::kMayEnd},
    {"writes are cut short",
     {"posix/io/rw/write/reduce", "posix/io/rw/pwrite/reduce", "posix/io/rw/writev/reduce",
      "posix/io/rw/pwritev/reduce"},
     0,
     Expect::kGoesOn,
     kAlways / 10},
    // Not a full disk, where only files that grow find no room: full_disk() is that.
    {"every write finds no room", kWrites, ENOSPC, Expect::kMayEnd},
};

// Rare failures of everything at once, for a while.
const std::vector<const char*> kRare = {"posix/io/sync/fdatasync", "posix/io/sync/fsync", "posix/io/rw/pwrite",
                                        "posix/io/rw/write",       "posix/io/rw/pread",   "posix/io/oc/open",
                                        "posix/io/dir/rename",     "posix/io/dir/unlink"};

class Faults {
 public:
  Faults(const Settings& settings, Tally& tally)
      : settings_(settings),
        tally_(tally),
        random_(settings.seed),
        truth_(settings.directory / "truth-faults.log"),
        store_(settings.directory / "faults") {
    fs::create_directory(store_);
    if (!fs::exists(kInjector)) throw std::runtime_error("libfiu is missing: tools/setup test");
  }

  void run(int rounds) {
    for (int round = 0; round < rounds && complaints_.count() == 0; ++round) {
      for (const auto& fault : kFaults) {
        one(fault);
        if (complaints_.count() > 0) return;
      }
      opening();
      reserve_used_up();
      database_without_room();
      rare("everything fails one time in 500", kRare, kAlways / 500);
      // RocksDB's iterators, also those that look at a file before it is taken in, lose errors of reads.
      rare("reading fails one time in 8", {"posix/io/rw/pread"}, kAlways / 8);
    }
    if (complaints_.count() == 0) stalled();
    if (complaints_.count() == 0) full_disk();
  }

 private:
  VictimCommand command(const std::string& at_start = {}) {
    VictimCommand out = victim_command(settings_, store_);
    std::string libraries = kInjector;
    if (!at_start.empty()) {
      libraries.insert(0, std::string(kInjectorAtStart).append(" "));
      out.environment.push_back("FIU_ENABLE=" + at_start);
      out.environment.emplace_back("FIU_CTRL_FIFO=");
    }
    out.environment.push_back("LD_PRELOAD=" + libraries);
    return out;
  }

  void begin(Session& session, const std::vector<const char*>& calls, std::uint32_t probability, int error) {
    session.expect_faults();
    for (const char* call : calls) {
      Fields out;
      out.text(call).number(probability).number(static_cast<std::uint32_t>(error));
      session.ask(Ask::kFail, out.take());
    }
  }
  void heal(Session& session, const std::vector<const char*>& calls) {
    for (const char* call : calls) {
      Fields out;
      out.text(call);
      session.ask(Ask::kHeal, out.take());
    }
  }

  // Works for a while; false when the victim ended by itself.
  bool work(Session& session, milliseconds most, std::size_t more) {
    const auto until = steady_clock::now() + most;
    const auto enough = session.counts().acknowledged + more;
    return session.work(kWindow,
                        [&] { return steady_clock::now() > until || session.counts().acknowledged >= enough; });
  }

  // Opens without a fault, and compares everything.
  bool all_is_there(Workload& workload) {
    Session session(command(), truth_, workload, random_, complaints_);
    const Opening opening = session.open();
    if (opening.state != Opening::kOpened)
      complaints_.add("the store does not open after the fault: " + opening.refusal);
    const bool good = opening.state == Opening::kOpened && session.check(false).finished;
    session.kill();
    return good && complaints_.count() == 0;
  }

  std::string end_of(Session& session, bool must_end) {
    const int code = session.dead() ? session.wait_for_end(std::chrono::seconds(5)) : 0;
    if (!session.dead()) session.kill();
    if (code == 0 && must_end) complaints_.add("the victim goes on although it cannot keep anything");
    if (code != 0) must_be_loud(code);
    return code == 0 ? "went on" : "ended with " + std::to_string(code);
  }

  // With 1, and a reason. Some failures of writes end in an assertion of RocksDB's own, which is as loud.
  void must_be_loud(int code) {
    std::ifstream in(log());
    in.seekg(static_cast<std::streamoff>(log_size_));
    const std::string said(std::istreambuf_iterator<char>(in), {});
    const bool is_rocksdb = code == -SIGABRT && said.find("rocksdb::") != std::string::npos;
    if (code != 1 && !is_rocksdb) complaints_.add("the victim ended with " + std::to_string(code) + ": " + said);
    if (said.empty()) complaints_.add("the victim ended without a reason in its log");
  }

  void one(const Fault& fault) {
    Workload workload(truth_, random_, 60);
    std::string how;
    {
      Session session(command(), truth_, workload, random_, complaints_);
      if (session.open().state != Opening::kOpened) complaints_.add("the store does not open");
      work(session, std::chrono::seconds(10), 300);
      note_log();
      begin(session, fault.calls, fault.probability, fault.error);
      const bool alive = work(session, milliseconds(1500), fault.expect == Expect::kEnds ? 100'000 : 3000);
      switch (fault.expect) {
        case Expect::kEnds: how = end_of(session, true); break;
        case Expect::kMayEnd: how = end_of(session, false); break;
        case Expect::kGoesOn:
          if (!alive) complaints_.add("the victim ended although it could go on");
          if (session.counts().unavailable > 0) complaints_.add("commits were refused although they could be kept");
          how = end_of(session, false);
          break;
      }
      how += ", acknowledged " + std::to_string(session.counts().acknowledged) + ", unavailable " +
             std::to_string(session.counts().unavailable) + ", unanswered " + std::to_string(session.unanswered());
    }
    const bool good = all_is_there(workload);
    tally_.add(good, std::string("fault: ") + fault.name + ": " + how);
  }

  // The room goes, and comes back: writes are answered 'unavailable' meanwhile, reads are answered, nobody's hands are
  // needed afterwards.
  std::string lose_room(Session& session, const std::function<void(bool has_room)>& set_room) {
    work(session, std::chrono::seconds(10), 300);
    const auto before = session.counts();
    session.expect_faults();
    set_room(false);
    const auto until = steady_clock::now() + std::chrono::seconds(10);
    bool alive = session.work(kWindow, [&] {
      return session.counts().unavailable > before.unavailable + 100 || steady_clock::now() > until;
    });
    if (session.counts().unavailable == before.unavailable) complaints_.add("no commit was answered 'unavailable'");
    const auto reads = session.counts().reads;
    alive = alive && session.work(kWindow, [&] {
      return session.counts().reads > reads + 100 || steady_clock::now() > until + std::chrono::seconds(5);
    });
    if (session.counts().reads <= reads + 100) complaints_.add("reads are not answered while there is no room");
    if (session.counts().down > before.down) complaints_.add("reads failed although only the room was gone");
    if (!alive) {
      complaints_.add("the victim ended although only the room was gone");
      return end_of(session, false);
    }
    set_room(true);
    const auto acknowledged = session.counts().acknowledged;
    const auto back = steady_clock::now();
    if (!work(session, std::chrono::seconds(15), 500)) complaints_.add("the victim ended after the room was back");
    if (session.counts().acknowledged < acknowledged + 500) complaints_.add("the room is back, and no commit is taken");
    const auto took = std::chrono::duration_cast<milliseconds>(steady_clock::now() - back);
    const auto unavailable = session.counts().unavailable;
    session.kill();
    return std::to_string(unavailable) + " unavailable, then 500 commits in " + std::to_string(took.count()) +
           " ms once there was room";
  }

  void reserve_used_up() {
    Workload workload(truth_, random_, 60);
    std::string how;
    {
      Session session(command(), truth_, workload, random_, complaints_);
      if (session.open().state != Opening::kOpened) complaints_.add("the store does not open");
      how = lose_room(session, [&](bool has_room) {
        session.ask(Ask::kRoom, Fields().number(static_cast<std::uint8_t>(has_room)).take());
      });
    }
    const bool good = all_is_there(workload);
    tally_.add(good, "fault: the disk's reserve is used up: " + how);
  }

  // Neither folds nor compactions find room, while the journal goes on.
  void database_without_room() {
    Workload workload(truth_, random_, 60);
    std::string how;
    {
      Session session(command(), truth_, workload, random_, complaints_);
      if (session.open().state != Opening::kOpened) complaints_.add("the store does not open");
      how = lose_room(session, [&](bool has_room) {
        session.ask(Ask::kFull, Fields().number(static_cast<std::uint8_t>(has_room)).take());
      });
    }
    const bool good = all_is_there(workload);
    tally_.add(good, "fault: RocksDB finds no room: " + how);
  }

  // No flush ends for a while: nobody is answered, only so many commits wait, reads go on, nothing runs in circles;
  // then everybody is. The second time it is killed meanwhile.
  void stalled() {
    constexpr std::size_t kQueue = 16, kBoxes = 200, kMany = 120, kMemoryMore = 32 << 20;
    const milliseconds length = settings_.stall, asking = length * 3 / 5, quiet = length / 5;
    Workload workload(truth_, random_, kBoxes);
    const auto begin_stall = [&](Session& session) {
      session.ask(Ask::kStall, Fields().number(static_cast<std::uint32_t>(length.count())).take());
      return steady_clock::now();
    };
    const auto ask_until = [](Session& session, std::size_t window, steady_clock::time_point until) {
      if (!session.work(window, [&] { return steady_clock::now() >= until; })) throw std::runtime_error("it died");
    };
    std::string how;
    {
      VictimCommand victim = victim_command(settings_, store_);
      victim.arguments.insert(victim.arguments.end(), {"--queue", std::to_string(kQueue)});
      Session session(victim, truth_, workload, random_, complaints_);
      if (session.open().state != Opening::kOpened) complaints_.add("the store does not open");
      session.expect_faults();
      work(session, std::chrono::seconds(10), 300);
      session.drain();

      const auto before = session.counts();
      const std::size_t memory = session.victim().memory();
      const auto begun = begin_stall(session);
      ask_until(session, kMany, begun + asking);
      const auto processor = session.victim().processor_time();
      ask_until(session, 0, begun + asking + quiet);
      const auto used = session.victim().processor_time() - processor;
      const auto during = session.counts();
      if (during.acknowledged != before.acknowledged) complaints_.add("a commit is answered before it is flushed");
      if (during.unavailable == before.unavailable) complaints_.add("every commit waits, however many there are");
      // One group on its way to the disk, and the queue.
      if (session.unanswered() > 2 * kQueue) complaints_.add("more commits wait than the queue may hold");
      if (session.unanswered() == 0) complaints_.add("no commit waits for the disk");
      if (during.reads == before.reads) complaints_.add("reads wait for the disk although memory has what they ask");
      if (used > quiet / 4) complaints_.add("the victim runs in circles while it waits for the disk");
      if (session.victim().memory() > memory + kMemoryMore) complaints_.add("memory grows while the disk stands still");
      const std::size_t waiting = session.unanswered();
      if (!session.drain()) complaints_.add("the victim ended because its disk was slow");
      const auto took = std::chrono::duration_cast<milliseconds>(steady_clock::now() - begun);
      if (session.counts().acknowledged < during.acknowledged + waiting) {
        complaints_.add("commits that waited for the disk were not kept");
      }
      how = std::to_string(waiting) + " commits waited, " + std::to_string(during.unavailable - before.unavailable) +
            " were refused; all were answered after " + std::to_string(took.count()) + " ms";

      const auto again = begin_stall(session);
      ask_until(session, kMany, again + length / 2);
      how += ", " + std::to_string(session.unanswered()) + " waited at the kill";
      session.kill();
    }
    const bool good = all_is_there(workload);
    tally_.add(good, "fault: the disk stands still for " + std::to_string(length.count()) + " ms: " + how);
  }

  // A small file system of its own, filled to the last byte. Whoever may not mount one is told so.
  void full_disk() {
    const fs::path disk = settings_.directory / "full";
    fs::create_directory(disk);
    const bool mounted = (::unshare(CLONE_NEWNS) == 0 || ::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0) &&
                         ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                         ::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=64m") == 0;
    if (!mounted) {
      tally_.skip("fault: the disk is full: no file system may be mounted here");
      return;
    }
    Truth truth(settings_.directory / "truth-full.log");
    Workload workload(truth, random_, 60);
    const fs::path ballast = disk / "ballast";
    const auto fill = [&](bool has_room) {
      if (has_room) {
        fs::remove(ballast);
        return;
      }
      std::FILE* const file = std::fopen(ballast.c_str(), "we");
      const Bytes block(4096, 'x');
      while (std::fwrite(block.data(), block.size(), 1, file) == 1 && std::fflush(file) == 0) {
      }
      std::fclose(file);
    };
    VictimCommand victim = victim_command(settings_, disk);
    std::string how;
    {
      Session session(victim, truth, workload, random_, complaints_);
      if (session.open().state != Opening::kOpened) complaints_.add("the store does not open");
      how = lose_room(session, fill);
    }
    fill(false);
    victim.arguments.emplace_back("--real-space");
    std::string opened;
    {
      // Opening without room: it opens, or says why not.
      Session session(victim, truth, workload, random_, complaints_);
      const Opening opening = session.open();
      if (opening.state == Opening::kDied) complaints_.add("the victim died while opening on a full disk");
      if (opening.state == Opening::kOpened && !session.check(false).finished)
        complaints_.add("it died while checking");
      opened = opening.state == Opening::kOpened ? "opens" : "is refused (" + opening.refusal + ")";
      session.kill();
    }
    fill(true);
    Session session(victim, truth, workload, random_, complaints_);
    if (session.open().state != Opening::kOpened) complaints_.add("the store does not open after the disk was full");
    if (!session.check(false).finished) complaints_.add("the victim died while everything was checked");
    session.kill();
    if (::umount2(disk.c_str(), MNT_DETACH) != 0) complaints_.add("the full disk cannot be unmounted");
    tally_.add(complaints_.count() == 0, "fault: the disk is full: " + how + "; while full it " + opened);
  }

  // Life after life, each until the failure ends it.
  void rare(const std::string& name, const std::vector<const char*>& calls, std::uint32_t probability) {
    if (complaints_.count() > 0) return;
    Workload workload(truth_, random_, 60);
    int ends = 0;
    std::size_t acknowledged = 0;
    const auto until = steady_clock::now() + std::chrono::seconds(5);
    while (steady_clock::now() < until && complaints_.count() == 0) {
      Session session(command(), truth_, workload, random_, complaints_);
      if (session.open().state != Opening::kOpened) complaints_.add("the store does not open");
      if (!session.check(false).finished) complaints_.add("the victim died while everything was checked");
      note_log();
      begin(session, calls, probability, random_.below(4) == 0 ? ENOSPC : EIO);
      work(session, std::chrono::seconds(2), 100'000);
      ends += session.dead();
      acknowledged += session.counts().acknowledged;
      end_of(session, false);
    }
    const bool good = all_is_there(workload);
    tally_.add(good, "fault: " + name + ": acknowledged " + std::to_string(acknowledged) + ", ended " +
                         std::to_string(ends) + " times");
  }

  // While it opens: it opens with everything, or refuses, or ends. It never opens with less.
  void opening() {
    Workload workload(truth_, random_, 60);
    const char* const calls[] = {"posix/io/rw/read",    "posix/io/rw/pread",       "posix/io/oc/open",
                                 "posix/io/sync/fsync", "posix/io/sync/fdatasync", "posix/io/rw/pwrite",
                                 "posix/io/rw/write",   "posix/io/dir/rename"};
    int refused = 0, opened = 0, ended = 0;
    for (const char* call : calls) {
      for (const char* probability : {"1", "0.2", "0.02"}) {
        const std::string enable =
            std::string("enable_random name=") + call + ",probability=" + probability + ",failinfo=5";
        note_log();
        Session session(command(enable), truth_, workload, random_, complaints_);
        session.expect_faults();
        const Opening opening = session.open();
        if (opening.state == Opening::kOpened) {
          ++opened;
          session.check(true);
        } else {
          ++(opening.state == Opening::kRefused ? refused : ended);
          const int code = session.wait_for_end(std::chrono::seconds(5));
          if (opening.state == Opening::kDied) must_be_loud(code);
          if (opening.state == Opening::kRefused && code != 1)
            complaints_.add("a refusal ended with another code than 1");
        }
        session.kill();
      }
    }
    const bool good = all_is_there(workload);
    tally_.add(good, "fault: while opening: opened " + std::to_string(opened) + ", refused " + std::to_string(refused) +
                         ", ended " + std::to_string(ended) + " times");
  }

  void note_log() { log_size_ = fs::exists(log()) ? fs::file_size(log()) : 0; }
  fs::path log() const { return settings_.directory / "victim.log"; }

  const Settings& settings_;
  Tally& tally_;
  SeededRandom random_;
  Truth truth_;
  const fs::path store_;
  Complaints complaints_;
  std::uintmax_t log_size_ = 0;
};

}  // namespace

void run_faults(const Settings& settings, int rounds, Tally& tally) {
  Faults(settings, tally).run(rounds);
}

}  // namespace helio::crash
