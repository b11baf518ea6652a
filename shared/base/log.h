// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/base/logline.h"

#include <QLoggingCategory>

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

namespace msgsrv::log {

struct Settings
{
    Format format = Format::Text;
    /// The least level that is written. The rules of QT_LOGGING_RULES come on top, e.g. "net.debug=true".
    /// Qt's own categories (qt.*) never get below info by this setting.
    Level level = Level::Info;
    /// Lines that one event may write in a second; what is above is counted and told by `log.suppressed` when
    /// the second is over and something is logged. 0 = unlimited. Errors and debug lines are never held back.
    int perSecond = 200;
    /// The file descriptor to write to. Not owned.
    int descriptor = 2;
};

/// Installs the process's log output, one line an event (see logline.h), and Qt's message handler: Qt's own
/// messages come out as event `qt`. Before this, text goes to stderr. Call it again to change it.
/// Thread-safe.
void install(const Settings &settings);
void install(Format format);

/// Writes one event. @p event is a stable dotted name, e.g. "session.acked", listed in docs/logs.md.
/// Nothing happens, and nothing was formatted, when the category does not log this level. Each line is one
/// write(2). A line that the descriptor does not take at once (EAGAIN) is dropped and counted: see
/// `log.lost`. Thread-safe.
void debug(const QLoggingCategory &category, const char *event, std::initializer_list<Field> fields = {});
void info(const QLoggingCategory &category, const char *event, std::initializer_list<Field> fields = {});
void warning(const QLoggingCategory &category, const char *event, std::initializer_list<Field> fields = {});
void error(const QLoggingCategory &category, const char *event, std::initializer_list<Field> fields = {});

/// The least level of one category from now on, over Settings::level; nothing: as it was. @p category is of
/// letters, digits, dots, dashes and underscores. Thread-safe.
void setCategoryLevel(const std::string &category, std::optional<Level> level);

/// A line as it was written, for those who watch the log while the process runs.
struct TailLine
{
    std::chrono::system_clock::time_point time;
    Level level = Level::Info;
    std::string category;
    std::string event;
    std::string text; ///< the fields, as in Format::Text
    std::uint64_t sequence = 0;
};
struct TailBatch
{
    std::vector<TailLine> lines;
    std::uint64_t missedFrom = 0; ///< sequences of those that found no room behind the lines; 0: none
    std::uint64_t missedTo = 0;
};
/// From now on lines are kept for takeTail(), up to 5,000 and 2 MiB at a time. Thread-safe, as the other two.
void openTail();
/// Nothing is kept any more.
void closeTail();
[[nodiscard]] TailBatch takeTail();

/// Tells at once what was suppressed or lost since it was last told; for the end of the process.
void flush();

} // namespace msgsrv::log
