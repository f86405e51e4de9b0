#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "driver.h"

namespace helio::crash {

namespace {

namespace fs = std::filesystem;

enum class How { kFlip, kFlipNearEnd, kCut, kRemove };
constexpr const char* kHowNames[] = {"a flipped bit", "a flipped bit near the end", "cut short", "removed"};

struct Case {
  const char* what;
  const char* folder;
  const char* begins;  // The file's name.
  const char* ends;
  How how;
};

// Files of `folder` and below are chosen at random; of segments the one that was written last. A kind that the store
// happens not to have is no case.
const Case kCases[] = {
    {"journal segment", "store/journal", "", ".seg", How::kFlip},
    {"journal segment", "store/journal", "", ".seg", How::kFlipNearEnd},
    {"journal segment", "store/journal", "", ".seg", How::kCut},
    {"journal segment", "store/journal", "", ".seg", How::kRemove},
    {"spare segment", "store/journal", "", ".spare", How::kFlip},
    {"spare segment", "store/journal", "", ".spare", How::kRemove},
    {"durable mark", "store/journal", "durable", "", How::kFlip},
    {"durable mark", "store/journal", "durable", "", How::kCut},
    {"durable mark", "store/journal", "durable", "", How::kRemove},
    {"table", "store", "", ".sst", How::kFlip},
    {"table", "store", "", ".sst", How::kFlip},
    {"table", "store", "", ".sst", How::kFlip},
    {"table", "store", "", ".sst", How::kFlipNearEnd},
    {"table", "store", "", ".sst", How::kCut},
    {"table", "store", "", ".sst", How::kRemove},
    {"manifest", "store", "MANIFEST-", "", How::kFlip},
    {"manifest", "store", "MANIFEST-", "", How::kCut},
    {"manifest", "store", "MANIFEST-", "", How::kRemove},
    {"CURRENT", "store", "CURRENT", "", How::kFlip},
    {"CURRENT", "store", "CURRENT", "", How::kCut},
    {"CURRENT", "store", "CURRENT", "", How::kRemove},
    {"OPTIONS", "store", "OPTIONS-", "", How::kFlip},
    {"OPTIONS", "store", "OPTIONS-", "", How::kRemove},
    {"IDENTITY", "store", "IDENTITY", "", How::kFlip},
    {"IDENTITY", "store", "IDENTITY", "", How::kRemove},
    {"RocksDB's log", "store", "", ".log", How::kRemove},
    {"blob", "blobs", "", "", How::kFlip},
    {"blob", "blobs", "", "", How::kFlipNearEnd},
    {"blob", "blobs", "", "", How::kCut},
};

Bytes read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(in), {});
}

void write_file(const fs::path& path, View content) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
}

class Damage {
 public:
  Damage(const Settings& settings, Tally& tally)
      : settings_(settings),
        tally_(tally),
        random_(settings.seed),
        truth_(settings.directory / "truth-damage.log"),
        whole_(settings.directory / "whole"),
        damaged_(settings.directory / "damaged") {
    fs::create_directory(whole_);
  }

  void run(int rounds) {
    make_store();
    if (complaints_.count() > 0) {
      tally_.add(false, "damage: the undamaged store is wrong already");
      return;
    }
    for (int round = 0; round < rounds; ++round) {
      for (const auto& one_case : kCases) one(one_case);
    }
  }

 private:
  // Folded, with a journal that is not, and nothing unanswered.
  void make_store() {
    Workload workload(truth_, random_, 120);
    for (int life = 0; life < 3; ++life) {
      Session session(victim_command(settings_, whole_), truth_, workload, random_, complaints_);
      if (session.open().state != Opening::kOpened) complaints_.add("the store does not open");
      session.check(false);
      if (life < 2) session.work(40, [&] { return session.counts().acknowledged >= settings_.acknowledged_min; });
      session.kill();
    }
  }

  // What was done to which file; empty when there is no such file.
  fs::path choose(const Case& one_case) {
    std::vector<fs::path> found;
    for (const auto& entry : fs::recursive_directory_iterator(damaged_ / one_case.folder)) {
      const std::string name = entry.path().filename().string();
      if (name == "format") continue;  // Of the blobs' directory.
      if (entry.is_regular_file() && name.starts_with(one_case.begins) && name.ends_with(one_case.ends)) {
        found.push_back(entry.path());
      }
    }
    std::sort(found.begin(), found.end());
    if (found.empty()) return {};
    return std::string(one_case.ends) == ".seg" ? found.back() : found[random_.below(found.size())];
  }

  std::string break_file(const fs::path& path, How how) {
    if (how == How::kRemove) {
      fs::remove(path);
      return {};
    }
    Bytes content = read_file(path);
    // Files are made longer than what is in them: zeros at the end mean nothing yet.
    const std::size_t used = std::max<std::size_t>(content.find_last_not_of('\0') + 1, 1);
    if (how == How::kCut) {
      const std::size_t left = random_.below(used);
      write_file(path, View(content).substr(0, left));
      return " to " + std::to_string(left) + " bytes";
    }
    const std::size_t near = how == How::kFlipNearEnd ? std::min<std::size_t>(used, 100) : used;
    const std::size_t at = used - 1 - random_.below(near);
    const unsigned bit = static_cast<unsigned>(random_.below(8));
    content[at] = static_cast<char>(static_cast<unsigned char>(content[at]) ^ (1U << bit));
    write_file(path, content);
    return ", bit " + std::to_string(bit) + " of byte " + std::to_string(at) + " of " + std::to_string(used);
  }

  void one(const Case& one_case) {
    fs::remove_all(damaged_);
    fs::copy(whole_, damaged_, fs::copy_options::recursive);
    const fs::path path = choose(one_case);
    if (path.empty()) return;
    const std::string name = path.filename().string();
    const std::string detail = break_file(path, one_case.how);
    Complaints complaints;
    const std::string outcome = open_and_check(name, complaints);
    tally_.add(complaints.count() == 0, std::string("damage: ") + one_case.what + " " + name + " " +
                                            kHowNames[static_cast<int>(one_case.how)] + detail + ": " + outcome);
  }

  // Either everything that is answered is right, and the rest is refused by name; or nothing is answered.
  std::string open_and_check(const std::string& name, Complaints& complaints) {
    Workload workload(truth_, random_, 0);
    const auto log_before = fs::file_size(settings_.directory / "victim.log");
    Session session(victim_command(settings_, damaged_), truth_, workload, random_, complaints);
    session.expect_faults();
    const Opening opening = session.open();
    if (opening.state == Opening::kRefused) {
      // A damaged CURRENT may name another manifest, which then is missing.
      const bool names_other = name == "CURRENT" && opening.refusal.find("MANIFEST-") != std::string::npos;
      if (!names_other && opening.refusal.find(name) == std::string::npos)
        complaints.add("the refusal does not name " + name);
      if (opening.refusal.find("restore") == std::string::npos && opening.refusal.find("emove") == std::string::npos) {
        complaints.add("the refusal does not say what to do");
      }
      if (session.wait_for_end(std::chrono::seconds(5)) != 1) complaints.add("the victim did not end with 1");
      return "refused: " + opening.refusal;
    }
    Session::Checked checked;
    if (opening.state == Opening::kOpened) checked = session.check(true);
    if (!checked.finished) {
      const int code = session.wait_for_end(std::chrono::seconds(5));
      Bytes log = read_file(settings_.directory / "victim.log").substr(log_before);
      if (code != 1 || log.find(name) == std::string::npos) {
        complaints.add("the victim ended with " + std::to_string(code) + " and said: " + log);
      }
      return "ended: " + log;
    }
    session.kill();
    if (checked.down == 0) return "all is there";
    const bool named = std::any_of(checked.down_texts.begin(), checked.down_texts.end(),
                                   [&](const auto& text) { return text.find(name) != std::string::npos; });
    if (!named) complaints.add("no refused read names " + name);
    return std::to_string(checked.down) + " reads refused, the rest is right: " + checked.down_texts.front();
  }

  const Settings& settings_;
  Tally& tally_;
  SeededRandom random_;
  Truth truth_;
  const fs::path whole_, damaged_;
  Complaints complaints_;
};

}  // namespace

void run_damage(const Settings& settings, int rounds, Tally& tally) {
  Damage(settings, tally).run(rounds);
}

}  // namespace helio::crash
