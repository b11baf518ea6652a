// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/base/log.h"

#include "shared/base/lograte.h"

#include <cerrno>
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

/// With out.mutex held.
void putOwn(Output &out, const char *event, std::initializer_list<Field> fields)
{
    put(out,
        formatLine(out.settings.format, std::chrono::system_clock::now(), toString(Level::Warning), "log",
                   event, {fields.begin(), fields.size()}));
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
    std::string line
        = formatLine(format, std::chrono::system_clock::now(), nameOf(type), category, event, fields);
    const std::lock_guard lock(out.mutex);
    tellMissing(out, now, false);
    put(out, std::move(line));
}

void onQtMessage(QtMsgType type, const QMessageLogContext &context, const QString &message)
{
    const Field field("message", message);
    write(type, context.category ? context.category : "default", "qt", {&field, 1});
}

QString filterRules(Level level)
{
    QString rules;
    const auto rule = [&](const char *name, Level of) {
        rules += QStringLiteral("*.%1=%2\n")
                     .arg(QLatin1String(name), of >= level ? QLatin1String("true") : QLatin1String("false"));
    };
    rule("debug", Level::Debug);
    rule("info", Level::Info);
    rule("warning", Level::Warning);
    rules += QStringLiteral("qt.*.debug=false\n");
    return rules;
}

} // namespace

void install(const Settings &settings)
{
    {
        Output &out = output();
        const std::lock_guard lock(out.mutex);
        tellMissing(out, Clock::now(), true);
        out.settings = settings;
        out.rate = RateLimit(settings.perSecond);
        out.midLine = false;
    }
    QLoggingCategory::setFilterRules(filterRules(settings.level));
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

void flush()
{
    Output &out = output();
    const std::lock_guard lock(out.mutex);
    tellMissing(out, Clock::now(), true);
}

} // namespace msgsrv::log
