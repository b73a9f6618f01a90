// Go's quoted strings: the form of keys and values in fields output, and of txn and watch input.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace keelson::ctl {

// `text` as Go's %q prints it: in double quotes, unprintable runes and bad UTF-8 escaped.
std::string go_quote(std::string_view text);

// `text` as %#q prints it: in back quotes where that is possible, else as go_quote does.
std::string go_quote_raw(std::string_view text);

// One rune in single quotes, as %q prints a character. `byte` is taken as Latin-1, as pflag does.
std::string go_quote_char(unsigned char byte);

// The content of a literal in double or back quotes; nothing if it is not a valid literal.
std::optional<std::string> go_unquote(std::string_view literal);

// Reads a quoted literal at the start of `*input` (blanks before it are skipped), moves `*input`
// behind it and returns its content; on a bad literal nothing, and `*input` is then unspecified.
std::optional<std::string> go_scan_quoted(std::string_view* input);

// One rune of a UTF-8 text. A bad byte gives value 0xFFFD with size 1.
struct Rune {
  char32_t value;
  size_t size;
};
Rune decode_rune(std::string_view text);
void append_rune(std::string* out, char32_t rune);

// Whether Go prints the rune as it is.
bool go_is_print(char32_t rune);

}  // namespace keelson::ctl
