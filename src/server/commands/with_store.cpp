#include "server/commands/with_store.h"

#include "server/admin/call.h"
#include "server/backup/restore.h"
#include "server/commands/commands.h"
#include "server/open_store.h"
#include "server/owner_error.h"

namespace helio::server::commands {

int with_store(const std::filesystem::path& data, const std::vector<std::string>& words, const Work& work) {
  return print([&] {
    if (auto reply = admin::find_and_call(data / "admin.sock", words, show_progress)) {
      if (!reply->good) throw OwnerError(reply->text);
      return std::move(reply->text);
    }
    backup::refuse_half_restored(data);
    // A folder by mistake must not become a server's.
    if (!std::filesystem::exists(data / "store" / "CURRENT") && !std::filesystem::exists(data / "store" / "journal")) {
      throw OwnerError("there is no store in " + data.string() + ": name the server's folder with --data");
    }
    const DataFolder folder(data);
    const auto kv = open_store(folder, Settings::read(data, {}));
    store::Watch watch;
    watch.says = show_progress;
    return work(folder, *kv, watch);
  });
}

}  // namespace helio::server::commands
