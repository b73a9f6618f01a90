// The places that log lines go to.
#pragma once

#include <memory>
#include <string>

#include "base/log.h"

namespace keelson {

// A descriptor of the process (stderr, stdout): not closed.
std::unique_ptr<LogOutput> make_fd_output(int fd);

// Appends to a file, mode 0600; renames and prunes it by the rules of `rotation` when that is
// enabled.
Result<std::unique_ptr<LogOutput>> make_file_output(const std::string& path,
                                                    const LogRotation& rotation,
                                                    const Clock& clock);

// systemd's journal over its datagram socket; falls back to stderr while nobody listens there.
std::unique_ptr<LogOutput> make_journal_output();

}  // namespace keelson
