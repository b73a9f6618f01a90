// Reads a whole log directory at start and decides, by the rule of FORMAT.md, where it ends and
// whether that end is honest. Changes nothing on disk.
#pragma once

#include <string>
#include <vector>

#include "wal/records.h"

namespace keelson::wal {

struct SegmentInfo {
  uint64_t sequence = 0;
  std::string path;
  uint64_t size = 0;
  SegmentHead head;
  Index max_index;       // of the entries in it; 0 = none
  bool opened = false;   // its first frame is whole; otherwise it is prepared, or given up unused
  bool remains = false;  // frames of its generation stand behind where the log stopped in it
  Opening opening;
  uint32_t opening_previous = 0;  // crc of the frame before the opening
};

struct RecoveredLog {
  std::vector<SegmentInfo> segments;  // by sequence, without gaps
  size_t last = 0;                    // the segment that the log ends in
  Position end;
  uint32_t end_crc = 0;  // of the last frame
  Position proven;       // the furthest position some frame proves
  bool sealed = false;   // the log must go on in a new segment
  bool torn = false;     // as sealed; something was cut
};

// Names of segments found in the directory; refuses another program's files.
struct DirectoryListing {
  std::vector<uint64_t> sequences;  // ascending
  std::vector<std::string> spares;
};
Result<DirectoryListing> list_directory(io::FileSystem& fs, const std::string& dir, Log& log);

// Fills `out` except for torn_tail_cut and end.
Result<RecoveredLog> recover(io::FileSystem& fs, const std::string& dir,
                             const std::vector<uint64_t>& sequences, Recovered& out);

}  // namespace keelson::wal
