// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/management/localsocket.h"

#include <QFile>
#include <QFileInfo>
#include <QLocalServer>
#include <QLocalSocket>
#include <QTemporaryDir>
#include <QTest>

#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace msgsrv::management;

namespace {

mode_t modeOf(const QString &path)
{
    struct stat facts = {};
    return ::stat(path.toLocal8Bit().constData(), &facts) == 0 ? facts.st_mode & 0777 : 0;
}

QString groupName(gid_t id)
{
    const ::group *entry = ::getgrgid(id);
    return entry ? QString::fromLocal8Bit(entry->gr_name) : QString();
}

} // namespace

class LocalSocketTest final : public QObject
{
    Q_OBJECT

private slots:
    void it_is_its_owner_s_and_goes_with_the_object()
    {
        const QString path = m_folder.filePath(QStringLiteral("own"));
        {
            const auto opened = LocalSocket::open(path, {});
            QVERIFY(opened);
            QCOMPARE(modeOf(path), mode_t(0600));
            QLocalSocket client;
            client.connectToServer(path);
            QVERIFY(client.waitForConnected());
        }
        QVERIFY(!QFileInfo::exists(path));
    }

    void a_group_may_use_it()
    {
        const QString path = m_folder.filePath(QStringLiteral("group"));
        const QString own = groupName(::getegid());
        if (own.isEmpty())
            QSKIP("this user's group has no name");
        const auto opened = LocalSocket::open(path, own);
        QVERIFY(opened);
        QCOMPARE(modeOf(path), mode_t(0660));
        const auto none
            = LocalSocket::open(m_folder.filePath(QStringLiteral("x")), QStringLiteral("no-such-group"));
        QVERIFY(!none);
        QVERIFY(none.error().contains(QStringLiteral("there is none")));
        QVERIFY(!QFileInfo::exists(m_folder.filePath(QStringLiteral("x"))));
    }

    void one_that_is_left_over_is_replaced_and_one_in_use_is_not()
    {
        const QString path = m_folder.filePath(QStringLiteral("left"));
        {
            auto dead = LocalSocket::open(path, {});
            QVERIFY(dead);
            ::close(dead->takeDescriptor()); // nobody listens, the file is there
            const auto next = LocalSocket::open(path, {});
            QVERIFY(next);
            const auto third = LocalSocket::open(path, {});
            QVERIFY(!third);
            QVERIFY(third.error().contains(QStringLiteral("running")));
            QVERIFY(QFileInfo::exists(path));
        }
        QVERIFY(!QFileInfo::exists(path));
    }

    void another_file_is_left_alone()
    {
        const QString path = m_folder.filePath(QStringLiteral("file"));
        QFile file(path);
        QVERIFY(file.open(QFile::WriteOnly));
        const auto opened = LocalSocket::open(path, {});
        QVERIFY(!opened);
        QVERIFY(opened.error().contains(QStringLiteral("another kind")));
        QVERIFY(QFileInfo::exists(path));
        // Also one that took the socket's place.
        const QString taken = m_folder.filePath(QStringLiteral("taken"));
        {
            const auto ours = LocalSocket::open(taken, {});
            QVERIFY(ours);
            QVERIFY(QFile::remove(taken));
            QFile other(taken);
            QVERIFY(other.open(QFile::WriteOnly));
        }
        QVERIFY(QFileInfo::exists(taken));
    }

    void paths_are_bounded()
    {
        QVERIFY(!LocalSocket::open(QString(200, u'x'), {}));
        QVERIFY(!LocalSocket::open({}, {}));
        QVERIFY(!LocalSocket::open(m_folder.filePath(QStringLiteral("no/such/folder")), {}));
    }

    void moving_moves_the_file()
    {
        const QString path = m_folder.filePath(QStringLiteral("moved"));
        LocalSocket kept;
        {
            auto opened = LocalSocket::open(path, {});
            QVERIFY(opened);
            kept = *std::move(opened);
        }
        QVERIFY(QFileInfo::exists(path));
        QCOMPARE(kept.path(), path);
    }

    void the_peer_is_known()
    {
        int ends[2] = {-1, -1};
        QCOMPARE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
        const auto peer = credentialsOf(ends[0]);
        QVERIFY(peer);
        QCOMPARE(peer->user, ::geteuid());
        QCOMPARE(peer->process, ::getpid());
        ::close(ends[0]);
        ::close(ends[1]);
        QVERIFY(!credentialsOf(-1));
        const QString own = groupName(::getegid());
        if (!own.isEmpty())
            QVERIFY(isMember(*peer, own));
        QVERIFY(!isMember(*peer, QStringLiteral("no-such-group")));
        QVERIFY(!isMember({54'321, 54'321, 1}, own.isEmpty() ? QStringLiteral("root") : own));
    }

private:
    QTemporaryDir m_folder;
};

QTEST_GUILESS_MAIN(LocalSocketTest)
#include "tst_localsocket.moc"
