// What this program says it is.
#pragma once

#include <string_view>

namespace keelson {

inline constexpr std::string_view kEtcdVersion = "3.7.1";  // the release whose behaviour we show
inline constexpr std::string_view kKeelsonVersion = "0.1.0";
#if defined(KEELSON_GIT_SHA)
inline constexpr std::string_view kGitSha = KEELSON_GIT_SHA;
#else
inline constexpr std::string_view kGitSha = "not recorded";
#endif
#if defined(__aarch64__)
inline constexpr std::string_view kArchitecture = "arm64";
#else
inline constexpr std::string_view kArchitecture = "amd64";
#endif

}  // namespace keelson
