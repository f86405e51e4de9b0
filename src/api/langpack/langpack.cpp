// api/langpack/langpack.cpp: translations of client texts. Clients bring theirs; we have none, at version 0.
// Source: https://core.telegram.org/api/translation
#include "api/rows.h"
#include "tl/errors.h"
#include "tl/types/api/LangPackDifference.h"
#include "tl/types/api/LangPackLanguage.h"
#include "tl/types/api/LangPackString.h"
#include "tl/types/api/langpack/getDifference.h"
#include "tl/types/api/langpack/getLangPack.h"
#include "tl/types/api/langpack/getLanguage.h"
#include "tl/types/api/langpack/getLanguages.h"
#include "tl/types/api/langpack/getStrings.h"

namespace helio::api {
namespace {

Task<Result<tl::LangPackDifference>> get_lang_pack(Call, tl::langpack::getLangPack request) {
  tl::LangPackDifference answer;
  answer.lang_code = std::move(request.lang_code);
  co_return answer;
}

// Whatever version the client has is the newest: there is nothing to change in it.
Task<Result<tl::LangPackDifference>> get_difference(Call, tl::langpack::getDifference request) {
  tl::LangPackDifference answer;
  answer.lang_code = std::move(request.lang_code);
  answer.from_version = request.from_version;
  answer.version = request.from_version;
  co_return answer;
}

Task<Result<std::vector<tl::Box<tl::TypeLangPackString>>>> get_strings(Call, tl::langpack::getStrings request) {
  std::vector<tl::Box<tl::TypeLangPackString>> answer;
  for (Bytes& key : request.keys) {
    tl::LangPackStringDeleted missing;
    missing.key = std::move(key);
    answer.push_back(std::move(missing));
  }
  co_return answer;
}

Task<Result<tl::LangPackLanguage>> get_language(Call, tl::langpack::getLanguage) {
  co_return fail(error::LANG_CODE_NOT_SUPPORTED);
}

constexpr Method kRows[] = {
    {.name = "langpack.getDifference", .run = method<get_difference>, .who = Who::kKey},
    {.name = "langpack.getLangPack", .run = method<get_lang_pack>, .who = Who::kKey},
    {.name = "langpack.getLanguage", .run = method<get_language>, .who = Who::kKey},
    {.name = "langpack.getLanguages", .run = always<tl::langpack::getLanguages>, .who = Who::kKey},
    {.name = "langpack.getStrings", .run = method<get_strings>, .who = Who::kKey},
};

}  // namespace

constinit const Methods kLangpack = kRows;

}  // namespace helio::api
