#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <stdexcept>

#include "driver.h"

namespace helio::crash {

namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Named points of the engines (store/rocks/rocks_kv.h, store/disk/disk_blobs.h) and whether one is reached for every
// group of commits, or only now and then. One that is not reached although it was to be is a failure: the harness
// would not test what it says. Points that a store seldom comes to once it has run for a while are left to chance.
struct Point {
  const char* name;
  bool often;
};
constexpr Point kPoints[] = {
    {"journal.written", true}, {"journal.flushed", true},         {"applied", true},
    {"answered", true},        {"journal.segment_made", false},   {"journal.recycled", false},
    {"fold.frozen", false},    {"fold.files_written", false},     {"fold.ingested", false},
    {"fold.released", false},  {"blob.written", false},           {"blob.flushed", false},
    {"blob.renamed", false},   {"blob.directory_flushed", false},
};
constexpr auto kPatience = std::chrono::seconds(30);  // For a point to be reached.
constexpr int kDepthMax = 3;                          // Kills during recovery, one after the other.

class Cycles {
 public:
  Cycles(const Settings& settings, Tally& tally)
      : settings_(settings),
        tally_(tally),
        random_(settings.seed),
        truth_(settings.directory / "truth.log"),
        store_(settings.directory / "victim"),
        may_end_(std::getenv("POWER_LOSS_FAIL_SYNC") != nullptr),
        order_(std::begin(kPoints), std::end(kPoints)) {
    fs::create_directory(store_);
    fs::create_directory(settings.directory / "undo");
    for (std::size_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[random_.below(i)]);
    if (!settings.at.empty()) std::erase_if(order_, [&](const Point& point) { return settings.at != point.name; });
    if (order_.empty() && settings.at != "random") throw std::runtime_error("no point has the name " + settings.at);
  }

  void run(int count) {
    for (int cycle = 0; cycle < count; ++cycle) {
      one(cycle, point_of(cycle));
      if (complaints_.count() > 0) break;  // The truth is not to be known any more.
    }
    if (complaints_.count() == 0) after_clean_stop();
    std::printf("acknowledged %zu, unanswered %zu, conflicts %zu, reads %zu, blobs %zu\n", total_.acknowledged,
                unanswered_, total_.conflicts, total_.reads, total_.blobs);
    std::string points;
    for (const auto& point : points_) points += " " + point;
    std::printf("points reached:%s\n", points.c_str());
  }

 private:
  // Named points and random moments take turns.
  const Point* point_of(int cycle) const {
    if (order_.empty() || (settings_.at.empty() && cycle % 2 == 1)) return nullptr;
    return &order_[static_cast<std::size_t>(settings_.at.empty() ? cycle / 2 : cycle) % order_.size()];
  }

  // Opens, checks and works, until the victim is killed.
  void one(int cycle, const Point* point) {
    const std::size_t wrong_before = complaints_.count();
    seed_ = settings_.seed * 1'000'003 + static_cast<std::uint64_t>(cycle);
    random_ = SeededRandom(seed_);
    Workload workload(truth_, random_, 200);
    const int depth = kill_openings(workload);

    std::string line = "cycle " + std::to_string(cycle) + " seed " + std::to_string(seed_);
    Session session(victim_command(settings_, store_), truth_, workload, random_, complaints_);
    if (may_end_) session.expect_faults();
    const Opening opening = session.open();
    if (opening.state != Opening::kOpened) {
      if (opening.state == Opening::kRefused) refused(opening);
      if (opening.state == Opening::kDied) died_by_itself(session, "while opening");
    } else {
      opening_points_.insert(session.points().begin(), session.points().end());
      const auto checked = session.check(false);
      if (!checked.finished) died_by_itself(session, "while everything was checked");
      line += ": recovery " + std::to_string(opening.took.count()) + " ms after " +
              std::to_string(depth + (cycle > 0)) + " kills, " + std::to_string(checked.rows) + " rows, " +
              std::to_string(checked.blobs) + " blobs";
      if (checked.finished) line += work_and_die(session, point);
    }
    session.kill();
    truth_.flush();
    lose_power();
    count(session);
    line += ", acknowledged " + std::to_string(session.counts().acknowledged) + ", unanswered " +
            std::to_string(session.unanswered());
    tally_.add(complaints_.count() == wrong_before, line);
  }

  std::string work_and_die(Session& session, const Point* point) {
    const std::size_t window = 1 + random_.below(random_.below(2) ? 200 : 20);
    const std::size_t enough = settings_.acknowledged_min + random_.below(settings_.acknowledged_min);
    const auto give_up = steady_clock::now() + kPatience;
    const auto patient = [&] { return steady_clock::now() < give_up; };
    if (!session.work(window, [&] { return session.counts().acknowledged >= enough || !patient(); })) {
      died_by_itself(session, "at work");
      return ", ended by itself";
    }
    if (session.counts().acknowledged < settings_.acknowledged_min) complaints_.add("the victim is too slow");
    if (!settings_.during.empty()) begin_backup(session);
    if (!point || may_end_) {
      const auto moment = steady_clock::now() + std::chrono::microseconds(random_.below(30'000));
      session.work(window, [&] { return steady_clock::now() >= moment; });
      return ", killed at random with " + std::to_string(window) + " writers";
    }
    const std::uint32_t times = 1 + static_cast<std::uint32_t>(random_.below(point->often ? 30 : 2));
    Fields arm;
    arm.text(point->name).number(times);
    session.ask(Ask::kArm, arm.take());
    if (session.work(window, [&] { return !patient(); })) {
      complaints_.add(std::string("the point ") + point->name + " was not reached");
    }
    return std::string(", killed at ") + point->name + " (" + std::to_string(times) + ") with " +
           std::to_string(window) + " writers";
  }

  // A flush may have failed then, but nothing may be damaged.
  void refused(const Opening& opening) {
    const bool flush_failed = opening.refusal.find("Input/output error") != std::string::npos;
    if (!may_end_ || !flush_failed) complaints_.add("the store is refused: " + opening.refusal);
  }

  void died_by_itself(Session& session, const std::string& when) {
    const int code = session.wait_for_end(std::chrono::seconds(1));
    if (!may_end_ || code != 1) complaints_.add("the victim ended with " + std::to_string(code) + " " + when);
  }

  // Kills while the store is being opened, or just afterwards. How often.
  int kill_openings(Workload& workload) {
    const std::uint64_t dice = random_.below(100);
    const int depth = dice < 50 ? 0 : dice < 75 ? 1 : dice < 90 ? 2 : kDepthMax;
    for (int i = 0; i < depth; ++i) {
      VictimCommand command = victim_command(settings_, store_);
      if (!opening_points_.empty() && random_.below(2) == 0) {
        auto point = opening_points_.begin();
        std::advance(point, static_cast<long>(random_.below(opening_points_.size())));
        command.arguments.insert(command.arguments.end(),
                                 {"--kill-at", *point + ":" + std::to_string(1 + random_.below(3))});
      }
      Session session(command, truth_, workload, random_, complaints_);
      const Opening opening = session.open(milliseconds(random_.below(80)));
      if (opening.state == Opening::kRefused) refused(opening);
      session.kill();
      if (opening.state == Opening::kDied) opening_points_.insert(session.points().begin(), session.points().end());
      lose_power();
    }
    return depth;
  }

  // Nothing may depend on how the victim ended.
  void after_clean_stop() {
    // No flush fails here: whoever was told that something is durable finds it.
    ::setenv("POWER_LOSS_FAIL_SYNC", "0", 1);
    Workload workload(truth_, random_, 200);
    bool good = false;
    {
      Session session(victim_command(settings_, store_), truth_, workload, random_, complaints_);
      good = session.open().state == Opening::kOpened && session.check(false).finished;
      good = good && session.work(30, [&] { return session.counts().acknowledged >= 200; }) && session.drain();
      session.ask(Ask::kStop, {});
      const int code = session.wait_for_end(std::chrono::seconds(30));
      if (code != 0) complaints_.add("a clean stop ended with " + std::to_string(code));
      lose_power();
      count(session);
    }
    Session session(victim_command(settings_, store_), truth_, workload, random_, complaints_);
    const Opening opening = session.open();
    good = good && opening.state == Opening::kOpened && session.check(false).finished && complaints_.count() == 0;
    session.kill();
    tally_.add(good, "after a clean stop: opened in " + std::to_string(opening.took.count()) + " ms");
  }

  void begin_backup(Session& session) { session.begin_backup((settings_.directory / "backup").string()); }

  // Throws away what was not flushed.
  void lose_power() {
    if (!settings_.power_loss) return;
    const std::string command = settings_.power_loss_cut.string() + " " + (settings_.directory / "undo").string() +
                                " " + store_.string() + " " + std::to_string(random_.u64());
    const int status = std::system(command.c_str());
    if (status != 0) throw std::runtime_error("'" + command + "' failed");
  }

  void count(const Session& session) {
    total_.acknowledged += session.counts().acknowledged;
    total_.conflicts += session.counts().conflicts;
    total_.reads += session.counts().reads;
    total_.blobs += session.counts().blobs;
    unanswered_ += session.unanswered();
    points_.insert(session.points().begin(), session.points().end());
  }

  const Settings& settings_;
  Tally& tally_;
  SeededRandom random_;
  Truth truth_;
  const fs::path store_;
  const bool may_end_;  // A flush is made to fail: the victim has to end by itself, with 1, sooner or later.
  std::vector<Point> order_;
  Complaints complaints_;
  std::uint64_t seed_ = 0;
  Session::Counts total_;
  std::size_t unanswered_ = 0;
  std::set<Bytes> points_, opening_points_;
};

}  // namespace

void run_cycles(const Settings& settings, int count, Tally& tally) {
  Cycles(settings, tally).run(count);
}

}  // namespace helio::crash
