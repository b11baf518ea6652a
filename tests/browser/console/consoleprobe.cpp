// SPDX-License-Identifier: GPL-3.0-or-later
//
// The console's own window, offscreen, for a test in another language: `consoleprobe SOCKET` connects to a
// daemon, reads commands from stdin, one JSON object a line, and answers each with one on stdout.
//
//   {"do":"link"}                                state of the connection and role
//   {"do":"open","page":"flow","filter":"..."}   goes to a page, as a user does
//   {"do":"rows","page":"sessions"}              rows of a table page that is open, by column
//   {"do":"arrows"}                              of the ladder of the page Flow, from top to bottom
//   {"do":"session","user":"alice"}              facts, check-list and verdicts of the page Session
//   {"do":"close","user":"bob","reason":"..."}   selects bob's row, presses Disconnect, gives the reason
//   {"do":"picture","file":"x.png"}              of the window
#include "admin-gui/app/mainwindow.h"
#include "admin-gui/client/localwire.h"
#include "admin-gui/pages/flowpage.h"
#include "admin-gui/pages/messagepanel.h"
#include "admin-gui/pages/queuespage.h"
#include "admin-gui/pages/reasondialog.h"
#include "admin-gui/pages/sessionpage.h"
#include "admin-gui/pages/sessionspage.h"
#include "admin-gui/widgets/filterbar.h"
#include "admin-gui/widgets/ladderview.h"
#include "admin-gui/widgets/tableview.h"

#include <QApplication>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLineEdit>
#include <QSettings>
#include <QTemporaryDir>
#include <QTest>
#include <QTimer>

#include <iostream>
#include <optional>
#include <string>
#include <thread>

using namespace msgsrv::console;

namespace {

std::optional<PageId> pageId(const QString &name)
{
    static const QHash<QString, PageId> pages{
        {QStringLiteral("overview"), PageId::Overview}, {QStringLiteral("sessions"), PageId::Sessions},
        {QStringLiteral("session"), PageId::Session},   {QStringLiteral("flow"), PageId::Flow},
        {QStringLiteral("queues"), PageId::Queues},     {QStringLiteral("connections"), PageId::Connections}};
    const auto found = pages.constFind(name);
    return found == pages.constEnd() ? std::nullopt : std::optional(*found);
}

QString outcomeName(FlowMessage::Outcome outcome)
{
    switch (outcome) {
    case FlowMessage::Outcome::Waiting:
        return QStringLiteral("waiting");
    case FlowMessage::Outcome::Delivered:
        return QStringLiteral("delivered");
    case FlowMessage::Outcome::Dropped:
        return QStringLiteral("dropped");
    case FlowMessage::Outcome::Refused:
        break;
    }
    return QStringLiteral("refused");
}

QJsonObject problem(const QString &sentence)
{
    return {{QStringLiteral("problem"), sentence}};
}

class Probe
{
public:
    explicit Probe(const QString &socket)
        : m_settings(m_folder.filePath(QStringLiteral("console.ini")), QSettings::IniFormat)
        , m_window(m_connection, m_settings)
    {
        m_window.show();
        m_connection.open([socket] { return std::make_unique<LocalWire>(socket); },
                          {{QStringLiteral("scheme"), QStringLiteral("peer")}});
        m_window.flow().setPayload(true);
    }

    QJsonObject answer(const QJsonObject &command)
    {
        const QString what = command.value(u"do").toString();
        if (what == u"link")
            return link();
        if (what == u"open")
            return open(command);
        if (what == u"rows")
            return rows(command.value(u"page").toString());
        if (what == u"arrows")
            return arrows();
        if (what == u"session")
            return session(command.value(u"user").toString());
        if (what == u"close")
            return close(command.value(u"user").toString(), command.value(u"reason").toString());
        if (what == u"picture")
            return {{QStringLiteral("saved"), m_window.grab().save(command.value(u"file").toString())}};
        return problem(QStringLiteral("no such command"));
    }

private:
    QJsonObject link() const
    {
        return {{QStringLiteral("live"), m_connection.state() == LinkState::Live},
                {QStringLiteral("why"), m_connection.why()},
                {QStringLiteral("role"), m_connection.login().role},
                {QStringLiteral("missed"), qint64(m_connection.missed())},
                {QStringLiteral("malformed"), qint64(m_connection.malformed())}};
    }

    QJsonObject open(const QJsonObject &command)
    {
        const auto id = pageId(command.value(u"page").toString());
        if (!id)
            return problem(QStringLiteral("no such page"));
        m_window.go({.page = *id,
                     .filter = command.value(u"filter").toString(),
                     .user = command.value(u"user").toString()});
        const bool settled
            = *id == PageId::Flow || QTest::qWaitFor([this] { return m_window.currentPage()->isSettled(); });
        return {{QStringLiteral("settled"), settled}};
    }

    QJsonObject rows(const QString &page) const
    {
        const auto id = pageId(page);
        const auto *table = id ? dynamic_cast<const TablePage *>(m_window.page(*id)) : nullptr;
        if (table == nullptr)
            return problem(QStringLiteral("no such table"));
        const RemoteTableModel &model = table->model();
        QJsonArray all;
        for (int row = 0; row < model.rowCount(); ++row) {
            QJsonObject cells{{QStringLiteral("id"), model.idAt(row)}};
            for (const ColumnSpec &column : model.spec().columns)
                cells.insert(column.name, QJsonValue::fromVariant(model.raw(row, column.name)));
            all.append(cells);
        }
        return {{QStringLiteral("rows"), all}, {QStringLiteral("stale"), model.isStale()}};
    }

    QJsonObject arrows() const
    {
        const auto &page = *static_cast<const FlowPage *>(m_window.page(PageId::Flow));
        const LadderLayout &ladder = page.ladder().ladder();
        QJsonArray all;
        for (const LadderLayout::Row &row : ladder.rows()) {
            const auto message = [&](int index) {
                const FlowMessage &one = m_window.flow().at(index);
                return QJsonObject{{QStringLiteral("seq"), qint64(one.seq)},
                                   {QStringLiteral("payload"), one.payload},
                                   {QStringLiteral("via"), one.via},
                                   {QStringLiteral("delay"), one.delay}};
            };
            QJsonArray messages{message(row.first)};
            for (const int other : row.others)
                messages.append(message(other));
            const auto lifeline = [&](int index) { return ladder.lifelines().value(index); };
            all.append(QJsonObject{
                {QStringLiteral("kind"), FlowMessage::kindName(m_window.flow().at(row.first).kind)},
                {QStringLiteral("from"), lifeline(row.from)},
                {QStringLiteral("to"), lifeline(row.to)},
                {QStringLiteral("outcome"), outcomeName(row.worst)},
                {QStringLiteral("count"), row.count},
                {QStringLiteral("messages"), messages}});
        }
        return {{QStringLiteral("arrows"), all},
                {QStringLiteral("lifelines"), QJsonArray::fromStringList(ladder.lifelines())}};
    }

    QJsonObject session(const QString &user)
    {
        m_window.go({.page = PageId::Session, .filter = {}, .user = user});
        const auto &page = *static_cast<const SessionPage *>(m_window.page(PageId::Session));
        if (!QTest::qWaitFor([&page] { return page.isSettled() && !page.ladder().ladder().rows().empty(); }))
            return problem(QStringLiteral("the session does not come"));
        page.ladder().setCurrentRow(0);
        return {{QStringLiteral("negotiation"), page.fact(QStringLiteral("negotiation"))},
                {QStringLiteral("state"), page.fact(QStringLiteral("state"))},
                {QStringLiteral("arrows"), qint64(page.ladder().ladder().rows().size())},
                {QStringLiteral("verdicts"), QJsonArray::fromStringList(page.panel().verdicts())}};
    }

    QJsonObject close(const QString &user, const QString &reason)
    {
        auto &page = *static_cast<SessionsPage *>(m_window.page(PageId::Sessions));
        m_window.go({.page = PageId::Sessions, .filter = QStringLiteral("user:") + user, .user = {}});
        if (!QTest::qWaitFor([&] { return page.isSettled() && page.model().rowCount() == 1; }))
            return problem(QStringLiteral("there is no such row"));
        page.table().selectRow(0);
        bool asked = false;
        QTimer::singleShot(0, &page, [&] {
            auto *dialog = qobject_cast<ReasonDialog *>(QApplication::activeModalWidget());
            if (dialog == nullptr)
                return;
            QTest::keyClicks(dialog->findChild<QLineEdit *>(), reason);
            asked = true;
            dialog->accept();
        });
        QString said;
        const auto listening = QObject::connect(&page, &Page::said, &page,
                                                [&said](const QString &sentence) { said = sentence; });
        page.disconnectSelected();
        const bool done = QTest::qWaitFor([&said] { return !said.isEmpty(); });
        QObject::disconnect(listening);
        return {
            {QStringLiteral("asked"), asked}, {QStringLiteral("done"), done}, {QStringLiteral("said"), said}};
    }

    QTemporaryDir m_folder;
    QSettings m_settings;
    Connection m_connection;
    MainWindow m_window;
};

} // namespace

int main(int argc, char **argv)
{
    QApplication application(argc, argv);
    if (argc != 2) {
        std::cerr << "consoleprobe SOCKET\n";
        return 2;
    }
    Probe probe(QString::fromLocal8Bit(argv[1]));
    std::thread reader([&] {
        std::string line;
        while (std::getline(std::cin, line)) {
            QByteArray answer;
            QMetaObject::invokeMethod(
                &application,
                [&] {
                    const QJsonObject command
                        = QJsonDocument::fromJson(QByteArray::fromStdString(line)).object();
                    answer = QJsonDocument(probe.answer(command)).toJson(QJsonDocument::Compact);
                },
                Qt::BlockingQueuedConnection);
            std::cout << answer.constData() << std::endl;
        }
        QMetaObject::invokeMethod(&application, &QApplication::quit, Qt::QueuedConnection);
    });
    const int code = QApplication::exec();
    reader.join();
    return code;
}
