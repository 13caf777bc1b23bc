// SPDX-License-Identifier: Apache-2.0
// The registry: every verb, its group and its examples. The order is the order of `holdfast
// --help`.
#include "base/assert.hpp"
#include "cli/verb.hpp"

#include <array>

namespace holdfast::cli {
namespace {

constexpr auto parsed = Arguments::parsed;
constexpr auto parsed_before_command = Arguments::parsed_before_command;
constexpr auto handed_on = Arguments::handed_on;

constexpr std::array table{
    Verb{"run", Group::locks, parsed_before_command, "run a command while holding a lock",
         "  holdfast run backup -- rsync -a /srv /backup       one at a time in the whole cluster\n"
         "  holdfast run --wait 5s backup -- ./job             exit code 75 if not granted in 5 "
         "seconds\n"
         "  holdfast run --mode PR conf -- cat app.conf        readers share\n"
         "  holdfast run db -- sh -c 'write --token $HOLDFAST_TOKEN'\n"
         "\n"
         "Exit codes: that of the command (128 + signal if one ended it); 75 not granted in time;\n"
         "76 the lock was lost, or could not be guarded any more, and the command was ended;\n"
         "69 no daemon; 2 wrong usage; 126, 127 the command cannot be run, does not exist.\n"
         "The command finds HOLDFAST_TOKEN (32 hex digits), HOLDFAST_NAME (escaped) and\n"
         "HOLDFAST_MODE set. When `run` returns, its last process is gone and the lock is free.",
         declare_run},
    Verb{"lock", Group::locks, parsed, "hold a lock until end of input or Ctrl-C",
         "  holdfast lock orders/17                            prints the fencing token\n"
         "  holdfast lock --mode PR --no-wait orders/17        exit code 75 if it is taken\n"
         "  holdfast lock --escaped 'any\\x00bytes'             names may hold any bytes",
         declare_lock},
    Verb{"value", Group::locks, parsed, "read or write the value block of a name",
         "  holdfast value config/version                      waits for a PR lock, prints the "
         "value\n"
         "  holdfast value config/version --set 42             waits for an EX lock, writes\n"
         "  holdfast value blob --set-escaped 'a\\x00b'",
         declare_value},
    Verb{"ls", Group::looking, parsed, "list who holds and who waits, in the whole cluster",
         "  holdfast ls\n"
         "  holdfast ls 'orders/*'                             * and ? stand for any bytes\n"
         "  holdfast ls --lockspace default --json",
         declare_ls},
    Verb{"show", Group::looking, parsed, "everything about one name",
         "  holdfast show orders/17                            master, home, value, queue, tokens\n"
         "  holdfast show --json orders/17",
         declare_show},
    Verb{"history", Group::looking, parsed, "what happened last to a name, at all nodes",
         "  holdfast history orders/17\n"
         "  holdfast history --last 20                         of each node, all names\n"
         "  holdfast history orders/17 --json",
         declare_history},
    Verb{"why", Group::looking, parsed, "who waits for whom, the root blockers first",
         "  holdfast why                                       all that wait, in the whole cluster\n"
         "  holdfast why orders/17                             whoever waits for it, and who is in the way\n"
         "  holdfast why 'n2#4294967297' --json                one lock: why it waits, or who waits for it",
         declare_why},
    Verb{"monitor", Group::looking, parsed, "waits that do not end, and who is in their way",
         "  holdfast monitor                                   one look: every wait and who holds what it wants\n"
         "  holdfast monitor --every 10s                       those that two looks in a row have seen\n"
         "  holdfast monitor --every 10s --persistent 6 --policy notify --exec 'mail -s stuck ops'\n"
         "  holdfast monitor --longer-than 5m --policy release              what would be ended\n"
         "  holdfast monitor --longer-than 5m --policy release --yes --grace 30s --reason 'stuck for 5 minutes'\n"
         "\n"
         "A wait in a circle is a deadlock, every other one a lock-up. A forced release takes something from a program\n"
         "that relies on it: see `holdfast release --help`. Nothing is released where not all is known.",
         declare_monitor},
    Verb{"self", Group::looking, parsed, "what the calling process has here, and whom it blocks",
         "  holdfast run db -- sh -c 'holdfast self --json'    the lock of `run`, and who waits for it\n"
         "  holdfast self --pid 4711",
         declare_self},
    Verb{"status", Group::looking, parsed, "what this node is doing",
         "  holdfast status\n"
         "  holdfast --dir DIR --node 2 status --json",
         declare_status},
    Verb{"top", Group::looking, parsed, "the cluster live: nodes, hottest names, waits, who blocks",
         "  holdfast top                                       h for its keys, q to end\n"
         "  holdfast top --dir DIR --every 500ms               a local cluster: all nodes tell about themselves\n"
         "  holdfast top --once --rows 20                      one picture as text\n"
         "  holdfast top --json                                the same for programs",
         declare_top},
    Verb{"lockspaces", Group::looking, parsed, "list the lockspaces that nodes have joined",
         "  holdfast lockspaces\n"
         "  holdfast lockspaces --json",
         declare_lockspaces},
    Verb{"deadlocks", Group::looking, parsed, "list the deadlocks that were broken, and who lost",
         "  holdfast deadlocks                                 the latest first, from all nodes\n"
         "  holdfast deadlocks --json",
         declare_deadlocks},
    Verb{"cluster", Group::cluster, parsed, "write the configuration of a cluster of machines",
         "  holdfast cluster init --nodes a=10.0.0.1,b=10.0.0.2,c=10.0.0.3\n"
         "  holdfast cluster init --nodes a=10.0.0.1,b=10.0.0.2 --tie-breaker b --name storage --dir /root/storage\n"
         "  holdfast cluster init --nodes a=fd00::1,b=fd00::2,c=fd00::3 --lease 5000 --token 2000 --json\n"
         "\n"
         "Writes DIR/NODE/corosync and DIR/NODE/holdfast for each node (default DIR: holdfast-NAME), and says "
         "what\nto copy where. Needs no daemon.",
         declare_cluster},
    Verb{"view", Group::cluster, parsed, "print the membership, or set it by hand",
         "  holdfast view\n"
         "  holdfast view set --epoch 7 --member 1=127.0.0.1:7001@12 --member 2=127.0.0.1:7002@9\n"
         "  holdfast view set --epoch 8 --member 1=127.0.0.1:7001@12 --votes 2 --tie-breaker 1\n"
         "                                                     node 2 is lost; of two halves, n1's "
         "goes on\n"
         "\n"
         "Setting a view is for operators of clusters with membership = manual; give every node "
         "the same.",
         declare_view},
    Verb{"node", Group::cluster, parsed, "confirm that a lost node is dead",
         "  holdfast node fence-ack 3                          nobody waits for its lease any more\n"
         "                                                     (of two nodes: the survivor is valid "
         "alone)",
         declare_node},
    Verb{"move", Group::cluster, parsed, "make another node the master of a name",
         "  holdfast move orders/17 --to 2                     its queue and value go along, nobody loses a lock\n"
         "  holdfast move db/1 --lockspace lvm --to 3 --json\n"
         "\n"
         "For operators. A name moves by itself when its master leaves, or when another node uses it far more (`holdfastd`,\n"
         "[migration]); `holdfast show NAME` says where it is.\n"
         "Not possible: no_such_resource (nobody has a lock of that name), no_such_node (no member, or it is "
         "leaving),\nnot_movable (its lockspace says who is master, or it is a sub-lock: move its root, and all "
         "below it\nfollows). Ask again: busy (it moves already), recovering (a node was lost meanwhile).",
         declare_move},
    Verb{"release", Group::cluster, parsed, "end a lock of somebody else by force",
         "  holdfast release n2#4294967297                     says what would be done (`holdfast monitor` and `why` print ids)\n"
         "  holdfast release n2#4294967297:TOKEN --yes --reason 'its host hangs' --grace 30s\n"
         "  holdfast release n2#4294967297 --yes --reason test --evidence /var/log/holdfast\n"
         "\n"
         "For operators, and for one's own locks. The owner is told beforehand (--grace) and when it is done, and the next\n"
         "holder gets a larger token. A program may rely on what is taken from it: what the lock protects can be\n"
         "damaged, unless that refuses old tokens. One that does not answer is waited for a lease. Without a token the lock is\n"
         "meant as it stands now. What was seen before is written to a file first; both nodes log who did it and why.",
         declare_release},
    Verb{"orphans", Group::cluster, parsed,
         "persistent locks whose program is gone: list, adopt, purge",
         "  holdfast orphans                                   all of the cluster\n"
         "  holdfast orphans 'db/*' --lockspace lvm --purge    end those that match\n"
         "  holdfast orphans --at 2 --pid 4711 --purge         those that process 4711 left at "
         "node 2\n"
         "  holdfast orphans db/1 --adopt                      hold it here until end of input",
         declare_orphans},
    Verb{"up", Group::cluster, parsed, "start a local cluster of real daemons",
         "  holdfast up --nodes 3                              Ctrl-C ends it\n"
         "  holdfast up --nodes 3 --detach                     in the background; `holdfast down` "
         "ends it\n"
         "  holdfast up --nodes 3 --dir /tmp/hf --lease 1000 --restart\n"
         "  holdfast up --fence-hook ./fence                   called with NODE INCARNATION; 0 = "
         "surely dead",
         declare_up},
    Verb{"restart", Group::cluster, parsed, "restart the daemons of `up`, one after another",
         "  holdfast restart                                   each hands over, ends, and is back "
         "before the next\n"
         "  holdfast restart 2 --dir /tmp/hf                   only node 2\n"
         "\n"
         "Programs of the other nodes keep their locks and wait for nobody. Those of the node that is "
         "restarted\nhave to connect again.",
         declare_restart},
    Verb{"down", Group::cluster, parsed, "end the cluster that `up` started",
         "  holdfast down\n"
         "  holdfast down --dir /tmp/hf",
         declare_down},
    Verb{"demo", Group::tools, parsed, "three daemons, eight workers, two kills: nothing is lost",
         "  holdfast demo\n"
         "  holdfast demo --no-lock                            the same without locks: must fail",
         declare_demo},
    Verb{"sim", Group::tools, handed_on, "the simulated cluster (holdfast-sim)",
         "  holdfast sim --help", nullptr},
    Verb{"check", Group::tools, handed_on, "check recorded histories against the invariants (holdfast-check)",
         "  holdfast check run/*.jsonl", nullptr},
    Verb{"bench", Group::tools, handed_on, "measure round trips and throughput (holdfast-bench)",
         "  holdfast bench --help", nullptr},
    Verb{"completion", Group::tools, parsed, "print the completion script of a shell",
         "  source <(holdfast completion bash)", declare_completion},
};

}  // namespace

std::span<const Verb> verbs() { return table; }

std::string_view heading_of(Group group) {
  switch (group) {
    case Group::locks:
      return "Locks";
    case Group::looking:
      return "Looking";
    case Group::cluster:
      return "Cluster";
    case Group::tools:
      return "Tools";
  }
  HF_ASSERT(!"unknown group");
}

}  // namespace holdfast::cli
