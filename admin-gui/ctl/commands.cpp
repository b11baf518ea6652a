// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/ctl/commands.h"

#include "admin-gui/client/localwire.h"
#include "admin-gui/ctl/client.h"
#include "admin-gui/ctl/text.h"
#include "shared/management/tables.h"

#include <QCommandLineParser>
#include <QDateTime>
#include <QJsonDocument>

#include <cstdio>
#include <optional>

namespace msgsrv::ctl {

namespace {

constexpr int badUsage = 2;
constexpr int pageSize = 1000; // rows of one view, where the daemon tells no limit
constexpr int creditStep = 10'000;

const char helpText[] = R"(Usage: messagingctl [options] command [arguments]

  status                  the server in numbers
  sessions, queues,       the rows of a table
  connections, nodes,
  destinations
  flow                    what becomes of each message, live
  log                     log lines, live
  close ID                ends a session            (--reason)
  purge ID                drops what waits          (--reason)
  peek ID                 messages that wait, which stay
  audit                   the last actions
  describe                the methods of the protocol
  raw METHOD [PARAMS]     any method, with a JSON object

  --socket PATH           of the daemon; else management.sock in its runtime directory
  --tls HOST:PORT         a daemon elsewhere, by management.listen, with
    --ca FILE             who may have signed its certificate; else the system's authorities
    --token-file FILE     the token, in the first line; or
    --certificate FILE    a client certificate, with
    --key FILE            its private key
  --json                  JSON, one object a line
  --watch                 tables: again whenever something changes
  --filter TEXT           tables, flow: which rows, e.g. 'state:acked backlog>0 -user:test*'
  --sort COLUMN           tables: -COLUMN for descending
  --columns A,B           tables
  --limit N               tables, peek, audit: at most so many (tables: 1000)
  --payload               flow: contents as well
  --level LEVEL           log: debug, info, warning or error
  --pattern REGEX         log: which lines
  --reason TEXT           close, purge: why; for the audit log
  --op NAME               close, purge: done once, however often it is said
  --help, --version
)";

void print(const QString &text)
{
    const QByteArray bytes = text.toUtf8();
    std::fwrite(bytes.constData(), 1, std::size_t(bytes.size()), stdout);
    std::fflush(stdout);
}

int complain(const Problem &problem)
{
    std::fprintf(stderr, "messagingctl: %s\n", qPrintable(toText(problem.sentence)));
    return problem.exitCode;
}

class Commands
{
public:
    Commands(const QCommandLineParser &options, Client &client)
        : m_options(options)
        , m_client(client)
        , m_json(options.isSet(QStringLiteral("json")))
    { }

    int run(const QString &command, const QStringList &arguments)
    {
        if (management::findTable(command.toStdString()))
            return table(command);
        if (command == u"status")
            return show(management::method::serverStatus, {});
        if (command == u"flow" || command == u"log")
            return follow(command == u"flow");
        if (command == u"close")
            return act(management::method::sessionClose, arguments);
        if (command == u"purge")
            return act(management::method::queuePurge, arguments);
        if (command == u"peek")
            return list(management::method::queuePeek, {{QStringLiteral("id"), arguments.value(0)}},
                        QStringLiteral("messages"), {"id", "from", "kind", "bytes", "age", "content"});
        if (command == u"audit")
            return list(management::method::auditList, {}, QStringLiteral("entries"),
                        {"ts", "user", "role", "method", "target", "reason", "op", "outcome"});
        if (command == u"describe")
            return list(management::method::describe, {}, QStringLiteral("methods"),
                        {"name", "role", "meaning"});
        return raw(arguments);
    }

private:
    [[nodiscard]] QString option(const char *name) const { return m_options.value(QLatin1String(name)); }
    [[nodiscard]] bool has(const char *name) const { return m_options.isSet(QLatin1String(name)); }
    void pass(const char *name, QJsonObject &params) const
    {
        if (has(name))
            params.insert(QLatin1String(name), option(name));
    }

    int show(const QString &method, const QJsonObject &params)
    {
        const auto result = m_client.call(method, params);
        if (!result)
            return complain(result.error());
        print(m_json ? toJsonLine(*result) : toList(*result));
        return 0;
    }

    int list(const QString &method, QJsonObject params, const QString &member,
             std::initializer_list<const char *> columns)
    {
        if (has("limit"))
            params.insert(QStringLiteral("count"), option("limit").toInt());
        const auto result = m_client.call(method, params);
        if (!result)
            return complain(result.error());
        QJsonArray names;
        for (const char *name : columns)
            names.append(QLatin1String(name));
        QJsonArray rows;
        for (const QJsonValue &entry : result->value(member).toArray()) {
            if (m_json) {
                print(toJsonLine(entry.toObject()));
                continue;
            }
            QJsonArray row;
            for (const QJsonValue &name : names) {
                const QJsonValue value = entry.toObject().value(name.toString());
                row.append(name.toString() == u"ts" ? timeOf(value) : value);
            }
            rows.append(row);
        }
        if (!m_json)
            print(toTable(names, rows));
        return 0;
    }

    int act(const QString &method, const QStringList &arguments)
    {
        QJsonObject params{{QStringLiteral("id"), arguments.value(0)},
                           {QStringLiteral("reason"), option("reason")}};
        pass("op", params);
        return show(method, params);
    }

    int raw(const QStringList &arguments)
    {
        QJsonParseError error;
        const QByteArray text = arguments.size() > 1 ? arguments.at(1).toUtf8() : QByteArrayLiteral("{}");
        const auto params = QJsonDocument::fromJson(text, &error);
        if (!params.isObject())
            return complain({badUsage, QStringLiteral("The parameters are no JSON object.")});
        const auto result = m_client.call(arguments.value(0), params.object());
        if (!result)
            return complain(result.error());
        print(toJsonLine(*result));
        return 0;
    }

    int table(const QString &name)
    {
        const int most = m_client.limits().value(u"rows").toInt(pageSize);
        const int limit = has("limit") ? std::min(option("limit").toInt(), most) : most;
        QJsonObject params{{QStringLiteral("table"), name}, {QStringLiteral("range"), QJsonArray{0, limit}}};
        pass("filter", params);
        pass("sort", params);
        if (has("columns"))
            params.insert(QStringLiteral("columns"),
                          QJsonArray::fromStringList(option("columns").split(u',', Qt::SkipEmptyParts)));
        const auto opened = m_client.call(management::method::viewOpen, params);
        if (!opened)
            return complain(opened.error());
        const QJsonArray columns = opened->value(u"columns").toArray();
        QJsonArray rows = opened->value(u"rows").toArray();
        qint64 total = opened->value(u"total").toInteger();
        while (true) {
            print(m_json ? toJsonLines(columns, rows) : toTable(columns, rows));
            if (!m_json && total > rows.size())
                print(QStringLiteral("... and %1 more\n").arg(total - rows.size()));
            if (!has("watch"))
                return 0;
            const auto changed = awaitChange(rows, total);
            if (!changed)
                return complain(changed.error());
            if (!m_json)
                print(QStringLiteral("\n"));
        }
    }

    tl::expected<void, Problem> awaitChange(QJsonArray &rows, qint64 &total)
    {
        while (true) {
            const auto delta = m_client.next(-1);
            if (!delta)
                return tl::unexpected(delta.error());
            if (delta->method != management::notification::viewDelta)
                continue;
            const QJsonObject &params = delta->params;
            const bool moved = params.contains(u"rows");
            const QJsonArray set = params.value(u"set").toArray();
            if (!moved && set.isEmpty() && params.value(u"total").toInteger() == total)
                continue;
            total = params.value(u"total").toInteger();
            if (moved)
                rows = params.value(u"rows").toArray();
            for (const QJsonValue &change : set) {
                const int row = change[0].toInt(-1);
                if (row >= 0 && row < rows.size())
                    rows[row] = change[1];
            }
            return {};
        }
    }

    int follow(bool flow)
    {
        QJsonObject params{{QStringLiteral("credit"), creditStep}};
        if (flow) {
            pass("filter", params);
            if (has("payload"))
                params.insert(QStringLiteral("payload"), true);
        } else {
            pass("level", params);
            pass("pattern", params);
        }
        const auto opened
            = m_client.call(flow ? management::method::flowOpen : management::method::logOpen, params);
        if (!opened)
            return complain(opened.error());
        int credit = creditStep;
        while (true) {
            const auto event = m_client.next(-1);
            if (!event)
                return complain(event.error());
            print(m_json ? toJsonLine(event->params) : lineOf(*event));
            if (--credit > creditStep / 2)
                continue;
            const auto more = m_client.call(management::method::subscriptionCredit,
                                            {{QStringLiteral("sub"), opened->value(u"sub")},
                                             {QStringLiteral("credit"), creditStep - credit}});
            if (!more)
                return complain(more.error());
            credit = creditStep;
        }
    }

    static QJsonValue timeOf(const QJsonValue &milliseconds)
    {
        return QDateTime::fromMSecsSinceEpoch(milliseconds.toInteger()).toString(Qt::ISODateWithMs);
    }

    static QString lineOf(const management::Notification &event)
    {
        const QJsonObject &params = event.params;
        const auto text = [&params](QStringView name) { return toText(params.value(name)); };
        if (event.method == management::notification::flowGap
            || event.method == management::notification::logGap)
            return QStringLiteral("--- %1 left out (%2)\n").arg(text(u"dropped"), text(u"why"));
        const QString time = toText(timeOf(params.value(u"ts")));
        if (event.method == management::notification::logLine) {
            return QStringLiteral("%1 %2 %3 %4 %5\n")
                .arg(time, text(u"level"), text(u"category"), text(u"event"), text(u"text"));
        }
        QString line = QStringLiteral("%1 %2 %3 -> %4 %5 %6 B %7 us")
                           .arg(time, text(u"event").leftJustified(8), text(u"from"), text(u"to"),
                                text(u"kind"), text(u"bytes"), text(u"delay"));
        if (params.contains(u"reason"))
            line += u' ' + text(u"reason");
        if (params.contains(u"payload"))
            line += u' ' + text(u"payload");
        return line + u'\n';
    }

    const QCommandLineParser &m_options;
    Client &m_client;
    const bool m_json;
};

/// What is wrong with the command line; nothing: it is good.
std::optional<QString> checkUsage(const QCommandLineParser &options)
{
    const QStringList words = options.positionalArguments();
    const QString command = words.value(0);
    const auto isOneOf = [&command](std::initializer_list<const char *> names) {
        return std::any_of(names.begin(), names.end(),
                           [&](const char *name) { return command == QLatin1String(name); });
    };
    if (command.isEmpty())
        return QStringLiteral("A command is missing; see --help.");
    const bool takesId = isOneOf({"close", "purge", "peek"});
    const bool isRaw = isOneOf({"raw"});
    if (!takesId && !isRaw && !management::findTable(command.toStdString())
        && !isOneOf({"status", "flow", "log", "audit", "describe"}))
        return QStringLiteral("There is no command \"%1\"; see --help.").arg(command);
    if (takesId && words.size() != 2)
        return QStringLiteral("%1 takes one id.").arg(command);
    if (isRaw && (words.size() < 2 || words.size() > 3))
        return QStringLiteral("raw takes a method, and perhaps its parameters.");
    if (!takesId && !isRaw && words.size() != 1)
        return QStringLiteral("%1 takes no further word.").arg(command);
    if (isOneOf({"close", "purge"}) && options.value(QStringLiteral("reason")).trimmed().isEmpty())
        return QStringLiteral("%1 needs a --reason.").arg(command);
    if (options.isSet(QStringLiteral("tls")) && options.isSet(QStringLiteral("socket")))
        return QStringLiteral("--tls and --socket do not go together.");
    console::TlsAccess access;
    if (options.isSet(QStringLiteral("tls")) && !access.setAddress(options.value(QStringLiteral("tls"))))
        return QStringLiteral("--tls is HOST:PORT.");
    bool isNumber = true;
    if (options.isSet(QStringLiteral("limit")))
        isNumber = options.value(QStringLiteral("limit")).toInt(&isNumber) > 0 && isNumber;
    if (!isNumber)
        return QStringLiteral("--limit is a number above 0.");
    return {};
}

tl::expected<void, Problem> connect(Client &client, const QCommandLineParser &options)
{
    if (options.isSet(QStringLiteral("tls"))) {
        console::TlsAccess access{.caFile = options.value(QStringLiteral("ca")),
                                  .tokenFile = options.value(QStringLiteral("token-file")),
                                  .certificateFile = options.value(QStringLiteral("certificate")),
                                  .keyFile = options.value(QStringLiteral("key"))};
        (void)access.setAddress(options.value(QStringLiteral("tls"))); // checked before
        return client.open(access);
    }
    const QString path = options.value(QStringLiteral("socket"));
    return client.open(path.isEmpty() ? console::defaultSocket() : path);
}

} // namespace

int run(const QStringList &arguments)
{
    QCommandLineParser options;
    for (const char *name : {"json", "watch", "payload", "help", "version"})
        options.addOption(QCommandLineOption(QString::fromLatin1(name)));
    for (const char *name : {"socket", "tls", "ca", "token-file", "certificate", "key", "filter", "sort",
                             "columns", "limit", "level", "pattern", "reason", "op"})
        options.addOption(QCommandLineOption(QString::fromLatin1(name), {}, QString::fromLatin1(name)));
    if (!options.parse(QStringList{QStringLiteral("messagingctl")} + arguments))
        return complain({badUsage, options.errorText() + u'.'});
    if (options.isSet(QStringLiteral("help"))) {
        print(QString::fromUtf8(helpText));
        return 0;
    }
    if (options.isSet(QStringLiteral("version"))) {
        print(QStringLiteral("messagingctl " MSGSRV_VERSION "\n"));
        return 0;
    }
    if (const auto wrong = checkUsage(options))
        return complain({badUsage, *wrong});

    Client client;
    if (const auto opened = connect(client, options); !opened)
        return complain(opened.error());
    const QStringList words = options.positionalArguments();
    return Commands(options, client).run(words.first(), words.mid(1));
}

} // namespace msgsrv::ctl
