#include "ctl/line_words.h"

#include <optional>

#include "ctl/go_quote.h"

namespace keelson::ctl {
namespace {

constexpr const char* kBlanks = " \t\n\f\r";

// The place behind the quote that ends the word at `start`; npos if there is none.
size_t quoted_end(const std::string& line, size_t start) {
  char quote = line[start];
  for (size_t i = start + 1; i < line.size(); i++) {
    if (line[i] == quote) return i + 1;
    if (quote == '"' && line[i] == '\\') i++;
  }
  return std::string::npos;
}

}  // namespace

Result<std::vector<std::string>> split_words(const std::string& line) {
  std::vector<std::string> words;
  size_t at = 0;
  while ((at = line.find_first_not_of(kBlanks, at)) != std::string::npos) {
    bool quoted = line[at] == '"' || line[at] == '\'';
    size_t end =
        quoted ? quoted_end(line, at) : std::min(line.find_first_of(kBlanks, at), line.size());
    if (end == std::string::npos) {
      at++;
      continue;
    }
    std::string word = line.substr(at, end - at);
    if (word[0] == '\'') word = word.substr(1, word.size() - 2);
    if (quoted && line[at] == '"') {
      std::optional<std::string> content = go_unquote(word);
      if (!content) return Failure{kExitInvalidInput, "invalid syntax"};
      word = *content;
    }
    words.push_back(std::move(word));
    at = end;
  }
  return words;
}

}  // namespace keelson::ctl
