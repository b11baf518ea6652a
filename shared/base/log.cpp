// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/base/log.h"

#include "shared/base/lograte.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <mutex>
#include <unistd.h>

namespace msgsrv::log {

namespace {

/// What the process writes its log with. Any thread, guarded by mutex.
struct Output
{
    std::mutex mutex;
    Settings settings;
    RateLimit rate{Settings{}.perSecond};
    std::uint64_t lost = 0; ///< lines that the descriptor did not take
    bool midLine = false; ///< the last write ended within a line
    std::map<std::string, Level> categories; ///< that have a level of their own
    bool installed = false;

    bool tailing = false;
    TailBatch tail;
    std::size_t tailBytes = 0;
    std::uint64_t tailSequence = 0;
};

Output &output()
{
    // Never destroyed, so that destructors of other static objects may log.
    static auto *const instance = new Output;
    return *instance;
}

std::string_view nameOf(QtMsgType type)
{
    switch (type) {
    case QtDebugMsg:
        return toString(Level::Debug);
    case QtInfoMsg:
        return toString(Level::Info);
    case QtWarningMsg:
        return toString(Level::Warning);
    case QtCriticalMsg:
        return toString(Level::Error);
    case QtFatalMsg:
        return "fatal";
    }
    return "error";
}

/// With out.mutex held.
void put(Output &out, std::string line)
{
    if (out.midLine)
        line.insert(line.begin(), '\n');
    std::size_t done = 0;
    while (done < line.size()) {
        const ssize_t written = ::write(out.settings.descriptor, line.data() + done, line.size() - done);
        if (written >= 0)
            done += std::size_t(written);
        else if (errno != EINTR)
            break;
    }
    if (done < line.size())
        ++out.lost;
    if (done > 0)
        out.midLine = done < line.size();
}

constexpr std::size_t tailLines = 5000;
constexpr std::size_t tailBytes = 2 * 1024 * 1024;

Level levelOf(QtMsgType type)
{
    switch (type) {
    case QtDebugMsg:
        return Level::Debug;
    case QtInfoMsg:
        return Level::Info;
    case QtWarningMsg:
        return Level::Warning;
    case QtCriticalMsg:
    case QtFatalMsg:
        break;
    }
    return Level::Error;
}

/// With out.mutex held.
void keepForTail(Output &out, std::chrono::system_clock::time_point time, Level level,
                 std::string_view category, std::string_view event, std::span<const Field> fields)
{
    const std::uint64_t sequence = ++out.tailSequence;
    if (out.tail.missedFrom == 0 && out.tail.lines.size() < tailLines && out.tailBytes < tailBytes) {
        // The line of Format::Text without what the other members say: "time level category event ".
        std::string text = formatLine(Format::Text, time, "l", "c", "e", fields);
        constexpr int words = 4;
        std::size_t begin = 0;
        for (int i = 0; i < words && begin < text.size(); ++i)
            begin = std::min(text.find(' ', begin), text.size() - 1) + 1;
        text.erase(0, begin);
        while (!text.empty() && text.back() == '\n')
            text.pop_back();
        out.tailBytes += text.size() + category.size() + event.size();
        out.tail.lines.push_back(
            {time, level, std::string(category), std::string(event), std::move(text), sequence});
        return;
    }
    if (out.tail.missedFrom == 0)
        out.tail.missedFrom = sequence;
    out.tail.missedTo = sequence;
}

/// With out.mutex held.
void putOwn(Output &out, const char *event, std::initializer_list<Field> fields)
{
    const auto time = std::chrono::system_clock::now();
    const std::span<const Field> all(fields.begin(), fields.size());
    put(out, formatLine(out.settings.format, time, toString(Level::Warning), "log", event, all));
    if (out.tailing)
        keepForTail(out, time, Level::Warning, "log", event, all);
}

/// With out.mutex held.
void tellMissing(Output &out, TimePoint now, bool all)
{
    for (const auto &[event, count] : out.rate.takeSuppressed(now, all))
        putOwn(out, "log.suppressed", {{"of", event}, {"count", count}});
    if (out.lost > 0) {
        const std::uint64_t before = std::exchange(out.lost, 0);
        putOwn(out, "log.lost", {{"count", before}});
        if (out.lost > 0)
            out.lost = before; // still no room; its own line is not one of those lost
    }
}

void write(QtMsgType type, const char *category, const char *event, std::span<const Field> fields)
{
    Output &out = output();
    const bool limited = type == QtInfoMsg || type == QtWarningMsg;
    const TimePoint now = Clock::now();
    Format format = {};
    {
        const std::lock_guard lock(out.mutex);
        format = out.settings.format;
        if (limited && !out.rate.admit(event, now))
            return;
    }
    const auto time = std::chrono::system_clock::now();
    std::string line = formatLine(format, time, nameOf(type), category, event, fields);
    const std::lock_guard lock(out.mutex);
    tellMissing(out, now, false);
    put(out, std::move(line));
    if (out.tailing)
        keepForTail(out, time, levelOf(type), category, event, fields);
}

void onQtMessage(QtMsgType type, const QMessageLogContext &context, const QString &message)
{
    const Field field("message", message);
    write(type, context.category ? context.category : "default", "qt", {&field, 1});
}

QString filterRules(Level level, const std::string &category)
{
    QString rules;
    const auto rule = [&](const char *name, Level of) {
        rules += QStringLiteral("%1.%2=%3\n")
                     .arg(QString::fromStdString(category), QLatin1String(name),
                          of >= level ? QLatin1String("true") : QLatin1String("false"));
    };
    rule("debug", Level::Debug);
    rule("info", Level::Info);
    rule("warning", Level::Warning);
    return rules;
}

/// With out.mutex held.
QString filterRules(const Output &out)
{
    QString rules = filterRules(out.settings.level, "*") + QStringLiteral("qt.*.debug=false\n");
    for (const auto &[category, level] : out.categories)
        rules += filterRules(level, category);
    return rules;
}

} // namespace

void install(const Settings &settings)
{
    QString rules;
    {
        Output &out = output();
        const std::lock_guard lock(out.mutex);
        tellMissing(out, Clock::now(), true);
        out.settings = settings;
        out.rate = RateLimit(settings.perSecond);
        out.midLine = false;
        out.installed = true;
        rules = filterRules(out);
    }
    QLoggingCategory::setFilterRules(rules);
    qInstallMessageHandler(onQtMessage);
}

void install(Format format)
{
    Settings settings;
    settings.format = format;
    install(settings);
}

void debug(const QLoggingCategory &category, const char *event, std::initializer_list<Field> fields)
{
    if (category.isDebugEnabled())
        write(QtDebugMsg, category.categoryName(), event, {fields.begin(), fields.size()});
}

void info(const QLoggingCategory &category, const char *event, std::initializer_list<Field> fields)
{
    if (category.isInfoEnabled())
        write(QtInfoMsg, category.categoryName(), event, {fields.begin(), fields.size()});
}

void warning(const QLoggingCategory &category, const char *event, std::initializer_list<Field> fields)
{
    if (category.isWarningEnabled())
        write(QtWarningMsg, category.categoryName(), event, {fields.begin(), fields.size()});
}

void error(const QLoggingCategory &category, const char *event, std::initializer_list<Field> fields)
{
    if (category.isCriticalEnabled())
        write(QtCriticalMsg, category.categoryName(), event, {fields.begin(), fields.size()});
}

void setCategoryLevel(const std::string &category, std::optional<Level> level)
{
    QString rules;
    {
        Output &out = output();
        const std::lock_guard lock(out.mutex);
        if (level)
            out.categories[category] = *level;
        else
            out.categories.erase(category);
        if (!out.installed)
            return; // install() applies it
        rules = filterRules(out);
    }
    QLoggingCategory::setFilterRules(rules);
}

void openTail()
{
    Output &out = output();
    const std::lock_guard lock(out.mutex);
    out.tailing = true;
}

void closeTail()
{
    Output &out = output();
    const std::lock_guard lock(out.mutex);
    out.tailing = false;
    out.tail = {};
    out.tailBytes = 0;
}

TailBatch takeTail()
{
    Output &out = output();
    const std::lock_guard lock(out.mutex);
    out.tailBytes = 0;
    return std::exchange(out.tail, {});
}

void flush()
{
    Output &out = output();
    const std::lock_guard lock(out.mutex);
    tellMissing(out, Clock::now(), true);
}

} // namespace msgsrv::log
