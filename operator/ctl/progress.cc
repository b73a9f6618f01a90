#include "ctl/progress.h"

namespace keelson::ctl {
namespace {

constexpr std::chrono::milliseconds kRedraw{200};
constexpr const char* kClearLine = "\r\x1b[K";

}  // namespace

void Progress::show(const std::string& text) {
  if (!visible_) return;
  std::lock_guard<std::mutex> lock(mutex_);
  auto now = std::chrono::steady_clock::now();
  if (now < next_) return;
  next_ = now + kRedraw;
  drawn_ = true;
  console_.err(kClearLine + text);
}

void Progress::clear() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (drawn_) console_.err(kClearLine);
  drawn_ = false;
}

}  // namespace keelson::ctl
