// SPDX-License-Identifier: Apache-2.0
// Golden bytes: one example of every message, as it stands in the stream (length, type, fields). Whoever
// changes a line here changes the protocol: old and new programs do not understand each other any more,
// unless a field was only added at the end. The examples are counted through (CountingSource), so that no
// two fields of a message look alike. A failure prints the line as it should now be.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "wire/client_messages.hpp"
#include "wire/framing.hpp"
#include "wire/group_messages.hpp"
#include "wire/peer_messages.hpp"
#include "wire/print.hpp"
#include "wire/sample.hpp"

namespace holdfast::wire {
namespace {

struct Golden {
  std::string_view text;
  std::string_view bytes;
};

constexpr Golden client_golden[] = {
    {R"(ClientHello{protocol=1 life=0 label="d" knows=0})",
     R"(0b0000000100010000000001006400)"},
    {R"(Lock{request=1 lockspace=2 mode=PR flags=4 wait_max=5 notices=0 tag=7 parent=8 resource="j" transact)"
     R"(ion=10 deadlock_priority=11})",
     R"(35000000020001000000000000000200030400000005000000000000000007000000080000000000000001006a0a00000000)"
     R"(0000000b000000)"},
    {R"(Convert{request=1 lock=2 mode=PR flags=4 wait_max=5 reply=0 value="hh"})",
     R"(24000000030001000000000000000200000000000000030400000005000000000000000002006868)"},
    {R"(Unlock{request=1 lock=2 flags=3 value="ee"})",
     R"(1a0000000400010000000000000002000000000000000300000002006565)"},
    {R"(Release{lock=1 flags=2 value="d"})",
     R"(110000000500010000000000000002000000010064)"},
    {R"(Cancel{request=1 lock=2 target=3})",
     R"(1a0000000600010000000000000002000000000000000300000000000000)"},
    {R"(Purge{request=1 lockspace=2 node=3 pid=4 name_pattern="fff"})",
     R"(1900000007000100000000000000020003000000040000000300666666)"},
    {R"(OpenLockspace{request=1 use=2 mode=3 lockspace="ee"})",
     R"(1300000008000100000000000000020300000002006565)"},
    {R"(Query{request=1 lockspace_pattern="ccc" name_pattern="d" after_key="ee" rows_max=5})",
     R"(1a0000000900010000000000000003006363630100640200656505000000)"},
    {R"(DeadlocksQuery{request=1})",
     R"(0a00000011000100000000000000)"},
    {R"(StatusQuery{request=1})",
     R"(0a0000000a000100000000000000)"},
    {R"(SetView{request=1 view={epoch=2 members=[{node=3 incarnation=4 address="fff" weight=6 votes=7} {node)"
     R"(=8 incarnation=9 address="kk" weight=11 votes=12}] configured_votes=13 quorate=14} tie_breaker=15 de)"
     R"(vice_votes=16 device_timeout=17})",
     R"(5a0000000b000100000000000000020000000000000002000300000004000000000000000300666666060000000700000008)"
     R"(000000090000000000000002006b6b0b0000000c0000000d0000000e0f000000100000001100000000000000)"},
    {R"(FenceAck{request=1 node=2 incarnation=3})",
     R"(160000000c000100000000000000020000000300000000000000)"},
    {R"(Sync{request=1})",
     R"(0a0000000d000100000000000000)"},
    {R"(Welcome{protocol=1 node=2 incarnation=3 owner=4 epoch=5 lease=6 value_bytes_max=7 version="iii"})",
     R"(3300000040000100000002000000030000000000000004000000000000000500000000000000060000000000000007000000)"
     R"(0300696969)"},
    {R"(Granted{request=1 lock=2 mode=PR notes={bits=4} token=5.6 value_state=1 write_number=8 value="j"})",
     R"(3000000041000100000000000000020000000000000003040500000000000000060000000000000001080000000000000001)"
     R"(006a)"},
    {R"(Waiting{request=1 lock=2 blockers=[{node=3 claim=4 owner=5 mode=NL ahead=7} {node=8 claim=9 owner=10)"
     R"( mode=EX ahead=12}]})",
     R"(4000000042000100000000000000020000000000000002000300000004000000000000000500000000000000000708000000)"
     R"(09000000000000000a00000000000000050c)"},
    {R"(Refused{request=1 lock=2 status=deadlock detail="ee" blockers=[{node=5 claim=6 owner=7 mode=CW ahead)"
     R"(=9} {node=10 claim=11 owner=12 mode=CR ahead=14}] demoted=15})",
     R"(4700000043000100000000000000020000000000000003000200656502000500000006000000000000000700000000000000)"
     R"(02090a0000000b000000000000000c00000000000000010e0f)"},
    {R"(Done{request=1 status=timed_out detail="d"})",
     R"(0f000000440001000000000000000200010064)"},
    {R"(NoticeEvent{lock=1 wanted=CW})",
     R"(0b0000004500010000000000000002)"},
    {R"(LostEvent{lock=1 status=timed_out detail="d"})",
     R"(0f000000460001000000000000000200010064)"},
    {R"(Ended{status=blocked detail="ccc"})",
     R"(09000000470001000300636363)"},
    {R"(LockspaceOpened{request=1 lockspace=2})",
     R"(0c000000480001000000000000000200)"},
    {R"(ResourceRow{request=1 resource={key="ccc" master=3 home=4 mastership=5 value_state=0 write_number=7 )"
     R"(value="iii" recovering=9}})",
     R"(2e00000049000100000000000000030063636303000000040000000500000000000000000700000000000000030069696909)"},
    {R"(LockRow{request=1 lock={node=2 claim=3 owner=4 standing=2 granted=NL wanted=CR flags=8 token=9.10 ag)"
     R"(e=11 orphan=12 tag=13 parent=14} owner={node=15 owner=16 pid=17 start_ticks=18 uid=19 user="uuu" com)"
     R"(mand="v" label="ww"}})",
     R"(720000004a00010000000000000002000000030000000000000004000000000000000200010800000009000000000000000a)"
     R"(000000000000000b000000000000000c0d0000000e000000000000000f000000100000000000000011000000120000000000)"
     R"(000013000000030075757501007602007777)"},
    {R"(QueryEnd{request=1 status=timed_out next_after_key="d"})",
     R"(0f0000004b0001000000000000000200010064)"},
    {R"(DeadlockRow{request=1 report={policy="ccc" length=3 members=[{owner={node=4 owner=5 pid=6 start_tick)"
     R"(s=7 uid=8 user="j" command="kk" label="lll"} claim=12 transaction=13 priority=14 key="p" wanted=PW b)"
     R"(locked_by=EX ahead=18} {owner={node=19 owner=20 pid=21 start_ticks=22 uid=23 user="y" command="zz" l)"
     R"(abel="aaa"} claim=27 transaction=28 priority=29 key="e" wanted=CR blocked_by=CW ahead=33}] age=34}})",
     R"(a10000004e000100000000000000030063636303000000020004000000050000000000000006000000070000000000000008)"
     R"(00000001006a02006b6b03006c6c6c0c000000000000000d000000000000000e000000010070040512130000001400000000)"
     R"(0000001500000016000000000000001700000001007902007a7a03006161611b000000000000001c000000000000001d0000)"
     R"(000100650102212200000000000000)"},
    {R"(NodeStatus{request=1 node=2 incarnation=3 version="ee" cluster="fff" peer_address="g" view={epoch=7 )"
     R"(members=[{node=8 incarnation=9 address="kk" weight=11 votes=12} {node=13 incarnation=14 address="p" )"
     R"(weight=16 votes=17}] configured_votes=18 quorate=19} phase=0 lease=21 deadline_left=22 sessions=23 c)"
     R"(laims=24 resources_mastered=25 directory_entries=26 uptime=27 peers_connected=[28 29] member_ages=[3)"
     R"(0 31] lease_waits=[{node=32 incarnation=33 left=34} {node=35 incarnation=36 left=37}] tie_breaker=38)"
     R"( device_votes=39 device_timeout=40 moved=41 moved_by_use=42})",
     R"(ef0000004c000100000000000000020000000300000000000000020065650300666666010067070000000000000002000800)"
     R"(0000090000000000000002006b6b0b0000000c0000000d0000000e0000000000000001007010000000110000001200000013)"
     R"(00150000000000000016000000000000001700000018000000190000001a0000001b0000000000000002001c0000001d0000)"
     R"(0002001e000000000000001f0000000000000002002000000021000000000000002200000000000000230000002400000000)"
     R"(00000025000000000000002600000027000000280000000000000029000000000000002a00000000000000)"},
    {R"(LeaveLockspace{request=1 how=0 lockspace="d"})",
     R"(0e0000000e00010000000000000000010064)"},
    {R"(HistoryQuery{request=1 lockspace="ccc" resource="d" events_max=4})",
     R"(160000001c000100000000000000030063636301006404000000)"},
    {R"(HistoryRow{request=1 at=2 event={age=3 what=4 mode=EX status=recovering node=7 lock=8 owner=9 is_cut)"
     R"(=10 key="lll"}})",
     R"(340000005a000100000000000000020000000300000000000000040506000700000008000000000000000900000000000000)"
     R"(0a03006c6c6c)"},
    {R"(ListLockspaces{request=1})",
     R"(0a0000000f000100000000000000)"},
    {R"(LockspaceRow{request=1 lockspace="ccc" joins=3 uid=4 gid=5 mode=6 change=7 joined=8 left=9 failed=10)"
     R"( members=[11 12] since=[13 14]})",
     R"(430000004d0001000000000000000300636363030000000400000005000000060000000700000008000000090000000a0000)"
     R"(0002000b0000000c00000002000d0000000e000000)"},
    {R"(Move{request=1 lockspace=2 to=3 resource="ee"})",
     R"(140000001000010000000000000002000300000002006565)"},
    {R"(Evict{request=1 node=2 incarnation=3 lock=4 token=5.6 grace=7 reason="iii"})",
     R"(3b00000018000100000000000000020000000300000000000000040000000000000005000000000000000600000000000000)"
     R"(07000000000000000300696969)"},
    {R"(LostSeen{lock=1})",
     R"(0a00000019000100000000000000)"},
    {R"(EvictionNotice{lock=1 left=2 by={node=3 owner=4 pid=5 start_ticks=6 uid=7 user="iii" command="j" lab)"
     R"(el="kk"} reason="lll"})",
     R"(3f00000056000100000000000000020000000000000003000000040000000000000005000000060000000000000007000000)"
     R"(030069696901006a02006b6b03006c6c6c)"},
    {R"(Evicted{request=1 outcome=2})",
     R"(0b0000005700010000000000000002)"},
};
constexpr Golden peer_golden[] = {
    {R"(LinkData{sequence=1 received=2 clock=3.4})",
     R"(2200000002000100000000000000020000000000000003000000000000000400000000000000)"},
    {R"(LinkAck{received=1})",
     R"(0a00000003000100000000000000)"},
    {R"(LinkHello{protocol=1 cluster="ccc" from=3 from_incarnation=4 to=5 to_incarnation=6 received=7 epoch=)"
     R"(8 view_digest=9})",
     R"(3b00000001000100000003006363630300000004000000000000000500000006000000000000000700000000000000080000)"
     R"(00000000000900000000000000)"},
    {R"(LinkRefuse{status=blocked detail="ccc"})",
     R"(09000000040001000300636363)"},
    {R"(Operation{kind=1 answer=0 claim=3 number=4 asked=5 mastership=6 resource=7 lock=8 owner=9 mode=PW fl)"
     R"(ags=11 reason=value_too_long key="nn" value="ooo"})",
     R"(4800000001000100030000000000000004000000050000000000000006000000000000000700000000000000080000000000)"
     R"(00000900000000000000040b0000000f0002006e6e03006f6f6f)"},
    {R"(GrantReply{claim=1 number=2 asked=3 mastership=4 resource=5 lock=6 mode=CR notes={bits=8} token=9.10)"
     R"( value_state=2 write_number=12 value="nn"})",
     R"(4d00000003000100000000000000020000000300000000000000040000000000000005000000000000000600000000000000)"
     R"(010809000000000000000a00000000000000020c0000000000000002006e6e)"},
    {R"(DoneReply{claim=1 number=2 asked=3 mastership=4 status=no_quorum})",
     R"(200000000600010000000000000002000000030000000000000004000000000000000500)"},
    {R"(QueueReply{claim=1 number=2 asked=3 mastership=4 resource=5 lock=6 stamp=7 blockers=[{node=8 claim=9)"
     R"( owner=10 mode=EX ahead=12} {node=13 claim=14 owner=15 mode=PW ahead=17}]})",
     R"(6400000004000100000000000000020000000300000000000000040000000000000005000000000000000600000000000000)"
     R"(070000000000000002000800000009000000000000000a00000000000000050c0d0000000e000000000000000f0000000000)"
     R"(00000411)"},
    {R"(RefuseReply{claim=1 number=2 asked=3 mastership=4 resource=5 lock=6 status=bad_mode blockers=[{node=)"
     R"(8 claim=9 owner=10 mode=EX ahead=12} {node=13 claim=14 owner=15 mode=PW ahead=17}] demoted=18})",
     R"(5f00000005000100000000000000020000000300000000000000040000000000000005000000000000000600000000000000)"
     R"(0a0002000800000009000000000000000a00000000000000050c0d0000000e000000000000000f00000000000000041112)"},
    {R"(Notice{claim=1 mastership=2 wanted=PR})",
     R"(1300000007000100000000000000020000000000000003)"},
    {R"(Forward{origin=1 mastership=2 generation=3 operation={kind=0 answer=1 claim=6 number=7 asked=8 maste)"
     R"(rship=9 resource=10 lock=11 owner=12 mode=CR flags=14 reason=foreign_lock key="qq" value="rrr"}})",
     R"(5c00000002000100000002000000000000000300000000000000000106000000000000000700000008000000000000000900)"
     R"(0000000000000a000000000000000b000000000000000c00000000000000010e0000001500020071710300727272)"},
    {R"(NotMaster{claim=1 number=2 mastership=3})",
     R"(1600000008000100000000000000020000000300000000000000)"},
    {R"(MasterReply{epoch=1 mastership=2 generation=3 key="ee"})",
     R"(1e000000090001000000000000000200000000000000030000000000000002006565)"},
    {R"(Remove{epoch=1 mastership=2 generation=3 key="ee"})",
     R"(1e0000000a0001000000000000000200000000000000030000000000000002006565)"},
    {R"(RemoveReply{epoch=1 mastership=2 status=deadlock key="ee"})",
     R"(180000000b0001000000000000000200000000000000030002006565)"},
    {R"(MasterClaim{epoch=1 mastership=2 key="d"})",
     R"(15000000140001000000000000000200000000000000010064)"},
    {R"(RebuildLock{epoch=1 mastership=2 claim=3 owner=4 number=5 standing=0 granted=CR wanted=CW flags=9 to)"
     R"(ken=10.11 stamp=12 asked_at=13.14 key="p" age=16})",
     R"(600000001500010000000000000002000000000000000300000000000000040000000000000005000000000102090000000a)"
     R"(000000000000000b000000000000000c000000000000000d000000000000000e000000000000000100701000000000000000)"},
    {R"(RebuildValue{epoch=1 evidence=0 state=0 write_number=4 key="fff" value="g" mastership=7 witness=2})",
     R"(2500000016000100000000000000000004000000000000000300666666010067070000000000000002)"},
    {R"(RebuildDone{epoch=1 view_digest=2 leases=[{node=3 incarnation=4 left=5} {node=6 incarnation=7 left=8)"
     R"(}] unknown=9})",
     R"(4400000017000100000000000000020000000000000002000300000004000000000000000500000000000000060000000700)"
     R"(00000000000008000000000000000900000000000000)"},
    {R"(RebuildReply{claim=1 number=2 mastership=3 resource=4 lock=5 stamp=6})",
     R"(2e00000018000100000000000000020000000300000000000000040000000000000005000000000000000600000000000000)"},
    {R"(Fenced{node=1 incarnation=2})",
     R"(0e0000001900010000000200000000000000)"},
    {R"(QueryAsk{query=1 lockspace_pattern="ccc" name_pattern="d" after_key="ee" rows_max=5})",
     R"(1a0000001e00010000000000000003006363630100640200656505000000)"},
    {R"(QueryResource{query=1 resource={key="ccc" master=3 home=4 mastership=5 value_state=0 write_number=7 )"
     R"(value="iii" recovering=9}})",
     R"(2e0000001f000100000000000000030063636303000000040000000500000000000000000700000000000000030069696909)"},
    {R"(QueryLock{query=1 lock={node=2 claim=3 owner=4 standing=2 granted=NL wanted=CR flags=8 token=9.10 ag)"
     R"(e=11 orphan=12 tag=13 parent=14}})",
     R"(4a0000002000010000000000000002000000030000000000000004000000000000000200010800000009000000000000000a)"
     R"(000000000000000b000000000000000c0d0000000e00000000000000)"},
    {R"(QueryOwner{query=1 claim=2 orphan=3 tag=4 parent=5 owner={node=6 owner=7 pid=8 start_ticks=9 uid=10 )"
     R"(user="lll" command="m" label="nn"}})",
     R"(4700000021000100000000000000020000000000000003040000000500000000000000060000000700000000000000080000)"
     R"(0009000000000000000a00000003006c6c6c01006d02006e6e)"},
    {R"(QueryDone{query=1 cut_behind_key="ccc" recovering=3})",
     R"(1000000022000100000000000000030063636303)"},
    {R"(HistoryAsk{query=1 events_max=2 key="d"})",
     R"(110000005a00010000000000000002000000010064)"},
    {R"(HistoryTold{query=1 event={age=2 what=3 mode=PW status=no_quorum node=6 lock=7 owner=8 is_cut=9 key=)"
     R"("kk"}})",
     R"(2f0000005b00010000000000000002000000000000000304050006000000070000000000000008000000000000000902006b)"
     R"(6b)"},
    {R"(HistoryDone{query=1})",
     R"(0a0000005c000100000000000000)"},
    {R"(Probe{number=1})",
     R"(0a00000028000100000000000000)"},
    {R"(ProbeReply{number=1})",
     R"(0a00000029000100000000000000)"},
    {R"(PurgeOrphans{pid=1 lockspace="ccc" name_pattern="d"})",
     R"(0e0000002a00010000000300636363010064)"},
    {R"(LockspaceMember{membership=1 lockspace="ccc"})",
     R"(080000002b00010300636363)"},
    {R"(Heartbeat{sent=1 lease=2})",
     R"(12000000050001000000000000000200000000000000)"},
    {R"(HeartbeatReply{sent=1})",
     R"(0a00000006000100000000000000)"},
    {R"(Moving{epoch=1 mastership=2 to=3 next=4 key="fff"})",
     R"(230000003200010000000000000002000000000000000300000004000000000000000300666666)"},
    {R"(MovingReply{epoch=1 mastership=2 key="d"})",
     R"(15000000330001000000000000000200000000000000010064)"},
    {R"(Install{epoch=1 before=2 mastership=3 state=1 write_number=5 locks=6 operations=7 key="iii" value="j)"
     R"("})",
     R"(3300000034000100000000000000020000000000000003000000000000000105000000000000000600000007000000030069)"
     R"(696901006a)"},
    {R"(InstallLock{epoch=1 mastership=2 node=3 incarnation=4 claim=5 owner=6 applied=7 pending=8 asked=9 st)"
     R"(anding=1 granted=EX wanted=NL flags=13 token=14.15 stamp=16 age=17})",
     R"(6500000035000100000000000000020000000000000003000000040000000000000005000000000000000600000000000000)"
     R"(070000000800000009000000000000000105000d0000000e000000000000000f000000000000001000000000000000110000)"
     R"(0000000000)"},
    {R"(InstallOperation{epoch=1 mastership=2 from=3 bytes="ee"})",
     R"(1a0000003600010000000000000002000000000000000300000002006565)"},
    {R"(Installed{epoch=1 before=2 mastership_before=3 mastership=4 key="fff"})",
     R"(230000003700010000000000000002000000030000000000000004000000000000000300666666)"},
    {R"(MoveDone{epoch=1 mastership_before=2 mastership=3 status=cancelled key="fff"})",
     R"(21000000380001000000000000000200000000000000030000000000000004000300666666)"},
    {R"(MoveQuery{epoch=1 mastership_before=2 mastership=3 key="ee"})",
     R"(1e000000390001000000000000000200000000000000030000000000000002006565)"},
    {R"(MoveAsk{epoch=1 number=2 to=3 key="ee"})",
     R"(1a0000003a00010000000000000002000000000000000300000002006565)"},
    {R"(MoveOrder{epoch=1 origin=2 number=3 to=4 key="fff"})",
     R"(1f0000003d000100000000000000020000000300000000000000040000000300666666)"},
    {R"(MoveAnswer{number=1 status=timed_out})",
     R"(0c0000003b0001000000000000000200)"},
    {R"(Leaving{stage=1})",
     R"(030000003c0001)"},
    {R"(ValueCopy{epoch=1 mastership=2 resource=3 version=4 state=2 write_number=6 writer=7 writer_incarnati)"
     R"(on=8 key="j" value="kk"})",
     R"(3e0000003e000100000000000000020000000000000003000000000000000400000000000000020600000000000000070000)"
     R"(00080000000000000001006a02006b6b)"},
    {R"(ValueCopied{mastership=1 resource=2 version=3})",
     R"(1a0000003f00010000000000000002000000000000000300000000000000)"},
    {R"(EvictAsk{number=1 claim=2 token=3.4 grace=5 by={node=6 owner=7 pid=8 start_ticks=9 uid=10 user="lll")"
     R"( command="m" label="nn"} by_operator=14 reason="p"})",
     R"(5600000055000100000000000000020000000000000003000000000000000400000000000000050000000000000006000000)"
     R"(07000000000000000800000009000000000000000a00000003006c6c6c01006d02006e6e0e010070)"},
    {R"(EvictAnswer{number=1 status=timed_out outcome=0 detail="ee"})",
     R"(110000005600010000000000000002000002006565)"},
    {R"(WaitsAsk{epoch=1 search=2 round=3 waits=[{node=4 claim=5 number=6 mastership=7 resource=8 lock=9} {n)"
     R"(ode=10 claim=11 number=12 mastership=13 resource=14 lock=15}]})",
     R"(6800000046000100000000000000020000000000000003000000020004000000050000000000000006000000070000000000)"
     R"(0000080000000000000009000000000000000a0000000b000000000000000c0000000d000000000000000e00000000000000)"
     R"(0f00000000000000)"},
    {R"(WaitsReply{epoch=1 search=2 round=3 last=4 gone=[5 6] edges=[{of=7 node=8 claim=9 number=10 waiting=)"
     R"(11 lock=12 token=13.14 mode=PR ahead=16} {of=17 node=18 claim=19 number=20 waiting=21 lock=22 token=)"
     R"(23.24 mode=CR ahead=26}]})",
     R"(8700000047000100000000000000020000000000000003000000040200050000000600000002000700000008000000090000)"
     R"(00000000000a0000000b0000000c000000000000000d000000000000000e0000000000000003101100000012000000130000)"
     R"(00000000001400000015000000160000000000000017000000000000001800000000000000011a)"},
    {R"(PartiesAsk{epoch=1 search=2 round=3 claims=[4 5] transactions=[6 7] tally=8})",
     R"(3b00000048000100000000000000020000000000000003000000020004000000000000000500000000000000020006000000)"
     R"(00000000070000000000000008)"},
    {R"(PartiesReply{epoch=1 search=2 round=3 last=4 parties=[{claim=5 transaction=6 owner=7 suspected=8 bor)"
     R"(n=9 locks=10 writes=11} {claim=12 transaction=13 owner=14 suspected=15 born=16 locks=17 writes=18}] )"
     R"(waits=[{transaction=19 owner=20 master=21 place={node=22 claim=23 number=24 mastership=25 resource=2)"
     R"(6 lock=27}} {transaction=28 owner=29 master=30 place={node=31 claim=32 number=33 mastership=34 resou)"
     R"(rce=35 lock=36}}]})",
     R"(f500000049000100000000000000020000000000000003000000040200050000000000000006000000000000000700000000)"
     R"(0000000809000000000000000a000000000000000b000000000000000c000000000000000d000000000000000e0000000000)"
     R"(00000f1000000000000000110000000000000012000000000000000200130000000000000014000000000000001500000016)"
     R"(00000017000000000000001800000019000000000000001a000000000000001b000000000000001c000000000000001d0000)"
     R"(00000000001e0000001f000000200000000000000021000000220000000000000023000000000000002400000000000000)"},
    {R"(Reserve{epoch=1 search=2 claim=3 number=4})",
     R"(1e0000004a0001000000000000000200000000000000030000000000000004000000)"},
    {R"(Reserved{epoch=1 search=2 claim=3 number=4 gone=5 party={claim=6 transaction=7 owner=8 suspected=9 b)"
     R"(orn=10 locks=11 writes=12} member={owner={node=13 owner=14 pid=15 start_ticks=16 uid=17 user="s" com)"
     R"(mand="tt" label="uuu"} claim=21 transaction=22 priority=23 key="y" wanted=CR blocked_by=CW ahead=27})"
     R"(})",
     R"(920000004b000100000000000000020000000000000003000000000000000400000005060000000000000007000000000000)"
     R"(000800000000000000090a000000000000000b000000000000000c000000000000000d0000000e000000000000000f000000)"
     R"(100000000000000011000000010073020074740300757575150000000000000016000000000000001700000001007901021b)"},
    {R"(Unreserve{epoch=1 search=2 claim=3 number=4})",
     R"(1e0000004c0001000000000000000200000000000000030000000000000004000000)"},
    {R"(Doom{epoch=1 search=2 claim=3 number=4 report={policy="fff" length=6 members=[{owner={node=7 owner=8)"
     R"( pid=9 start_ticks=10 uid=11 user="m" command="nn" label="ooo"} claim=15 transaction=16 priority=17 )"
     R"(key="s" wanted=CR blocked_by=CW ahead=21} {owner={node=22 owner=23 pid=24 start_ticks=25 uid=26 user)"
     R"(="b" command="cc" label="ddd"} claim=30 transaction=31 priority=32 key="h" wanted=PW blocked_by=EX a)"
     R"(head=36}] age=37}})",
     R"(b50000004d000100000000000000020000000000000003000000000000000400000003006666660600000002000700000008)"
     R"(00000000000000090000000a000000000000000b00000001006d02006e6e03006f6f6f0f0000000000000010000000000000)"
     R"(00110000000100730102151600000017000000000000001800000019000000000000001a0000000100620200636303006464)"
     R"(641e000000000000001f00000000000000200000000100680405242500000000000000)"},
    {R"(DeadlocksAsk{query=1})",
     R"(0a0000004e000100000000000000)"},
    {R"(DeadlocksReply{query=1 last=2 report={policy="d" length=4 members=[{owner={node=5 owner=6 pid=7 star)"
     R"(t_ticks=8 uid=9 user="kk" command="lll" label="m"} claim=13 transaction=14 priority=15 key="qq" want)"
     R"(ed=EX blocked_by=NL ahead=19} {owner={node=20 owner=21 pid=22 start_ticks=23 uid=24 user="zz" comman)"
     R"(d="aaa" label="b"} claim=28 transaction=29 priority=30 key="ff" wanted=CW blocked_by=PR ahead=34}] a)"
     R"(ge=35}})",
     R"(a20000004f000100000000000000020100640400000002000500000006000000000000000700000008000000000000000900)"
     R"(000002006b6b03006c6c6c01006d0d000000000000000e000000000000000f00000002007171050013140000001500000000)"
     R"(0000001600000017000000000000001800000002007a7a03006161610100621c000000000000001d000000000000001e0000)"
     R"(00020066660203222300000000000000)"},
};

// What programs and nodes of earlier releases say, with fewer fields at the end, and how it is understood.
constexpr Golden group_golden[] = {
    {R"(GroupAnnounce{protocol=1 configuration={ring_node=2 ring_sequence=3 members_digest=4} incarnation=5 )"
     R"(address="g" weight=7 votes=8 configured_votes=9 tie_breaker=10 quorate=11 epoch=12 acting=13 promise)"
     R"(d={view={epoch=14 members=[{node=15 incarnation=16 address="rrr" weight=18 votes=19} {node=20 incarn)"
     R"(ation=21 address="ww" weight=23 votes=24}] configured_votes=25 quorate=26} tie_breaker=27 device_vot)"
     R"(es=28 device_timeout=29} device_votes=30 device_timeout=31 device_settled=32})",
     R"(9c00000001000100000002000000030000000000000004000000000000000500000000000000010067070000000800000009)"
     R"(0000000a0000000b0c000000000000000d0e0000000000000002000f00000010000000000000000300727272120000001300)"
     R"(0000140000001500000000000000020077771700000018000000190000001a1b0000001c0000001d000000000000001e0000)"
     R"(001f0000000000000020)"},
    {R"(GroupPromise{configuration={ring_node=1 ring_sequence=2 members_digest=3} epoch=4 view_digest=5})",
     R"(260000000200010000000200000000000000030000000000000004000000000000000500000000000000)"},
    {R"(GroupAlive{configuration={ring_node=1 ring_sequence=2 members_digest=3}})",
     R"(1600000003000100000002000000000000000300000000000000)"},
};

constexpr Golden earlier_golden[] = {
    {R"(Lock{request=1 lockspace=2 mode=PR flags=4 wait_max=5 notices=0 tag=7 parent=8 resource="j" transaction=0 deadlock_priority=100})",
     R"(29000000020001000000000000000200030400000005000000000000000007000000080000000000000001006a)"},
    {R"(QueryDone{query=1 cut_behind_key="ccc" recovering=0})",
     R"(0f000000220001000000000000000300636363)"},
    {R"(RebuildLock{epoch=1 mastership=2 claim=3 owner=4 number=5 standing=0 granted=CR wanted=CW flags=9 to)"
     R"(ken=10.11 stamp=12 asked_at=13.14 key="p" age=0})",
     R"(580000001500010000000000000002000000000000000300000000000000040000000000000005000000000102090000000a)"
     R"(000000000000000b000000000000000c000000000000000d000000000000000e00000000000000010070)"},
    {R"(GroupAnnounce{protocol=1 configuration={ring_node=2 ring_sequence=3 members_digest=4} incarnation=5 )"
     R"(address="g" weight=7 votes=8 configured_votes=9 tie_breaker=10 quorate=11 epoch=12 acting=13 promise)"
     R"(d={view={epoch=14 members=[{node=15 incarnation=16 address="rrr" weight=18 votes=19} {node=20 incarn)"
     R"(ation=21 address="ww" weight=23 votes=24}] configured_votes=25 quorate=26} tie_breaker=27 device_vot)"
     R"(es=28 device_timeout=29} device_votes=0 device_timeout=0 device_settled=0})",
     R"(8f00000001000100000002000000030000000000000004000000000000000500000000000000010067070000000800000009)"
     R"(0000000a0000000b0c000000000000000d0e0000000000000002000f00000010000000000000000300727272120000001300)"
     R"(0000140000001500000000000000020077771700000018000000190000001a1b0000001c0000001d00000000000000)"},
    {R"(NodeStatus{request=1 node=2 incarnation=3 version="ee" cluster="fff" peer_address="g" view={epoch=7 )"
     R"(members=[{node=8 incarnation=9 address="kk" weight=11 votes=12} {node=13 incarnation=14 address="p" )"
     R"(weight=16 votes=17}] configured_votes=18 quorate=19} phase=0 lease=21 deadline_left=22 sessions=23 c)"
     R"(laims=24 resources_mastered=25 directory_entries=26 uptime=27 peers_connected=[28 29] member_ages=[3)"
     R"(0 31] lease_waits=[{node=32 incarnation=33 left=34} {node=35 incarnation=36 left=37}] tie_breaker=38)"
     R"( device_votes=39 device_timeout=40 moved=0 moved_by_use=0})",
     R"(df0000004c000100000000000000020000000300000000000000020065650300666666010067070000000000000002000800)"
     R"(0000090000000000000002006b6b0b0000000c0000000d0000000e0000000000000001007010000000110000001200000013)"
     R"(00150000000000000016000000000000001700000018000000190000001a0000001b0000000000000002001c0000001d0000)"
     R"(0002001e000000000000001f0000000000000002002000000021000000000000002200000000000000230000002400000000)"
     R"(000000250000000000000026000000270000002800000000000000)"},
    {R"(RebuildValue{epoch=1 evidence=0 state=0 write_number=4 key="fff" value="g" mastership=0 witness=0})",
     R"(1c00000016000100000000000000000004000000000000000300666666010067)"},
    {R"(Refused{request=1 lock=2 status=deadlock detail="ee" blockers=[{node=5 claim=6 owner=7 mode=CW ahead)"
     R"(=9} {node=10 claim=11 owner=12 mode=CR ahead=14}] demoted=0})",
     R"(4600000043000100000000000000020000000000000003000200656502000500000006000000000000000700000000000000)"
     R"(02090a0000000b000000000000000c00000000000000010e)"},
    {R"(RefuseReply{claim=1 number=2 asked=3 mastership=4 resource=5 lock=6 status=bad_mode blockers=[{node=)"
     R"(8 claim=9 owner=10 mode=EX ahead=12} {node=13 claim=14 owner=15 mode=PW ahead=17}] demoted=0})",
     R"(5e00000005000100000000000000020000000300000000000000040000000000000005000000000000000600000000000000)"
     R"(0a0002000800000009000000000000000a00000000000000050c0d0000000e000000000000000f000000000000000411)"},
    {R"(SetView{request=1 view={epoch=2 members=[{node=3 incarnation=4 address="fff" weight=6 votes=7} {node)"
     R"(=8 incarnation=9 address="kk" weight=11 votes=12}] configured_votes=13 quorate=14} tie_breaker=0 device_vot)"
     R"(es=0 device_timeout=0})",
     R"(4a0000000b000100000000000000020000000000000002000300000004000000000000000300666666060000000700000008)"
     R"(000000090000000000000002006b6b0b0000000c0000000d0000000e)"},
    {R"(NodeStatus{request=1 node=2 incarnation=3 version="ee" cluster="fff" peer_address="g" view={epoch=7 )"
     R"(members=[{node=8 incarnation=9 address="kk" weight=11 votes=12} {node=13 incarnation=14 address="p" )"
     R"(weight=16 votes=17}] configured_votes=18 quorate=19} phase=0 lease=21 deadline_left=22 sessions=23 c)"
     R"(laims=24 resources_mastered=25 directory_entries=26 uptime=27 peers_connected=[28 29] member_ages=[3)"
     R"(0 31] lease_waits=[{node=32 incarnation=33 left=34} {node=35 incarnation=36 left=37}] tie_breaker=0 )"
     R"(device_votes=0 device_timeout=0 moved=0 moved_by_use=0})",
     R"(cf0000004c000100000000000000020000000300000000000000020065650300666666010067070000000000000002000800)"
     R"(0000090000000000000002006b6b0b0000000c0000000d0000000e0000000000000001007010000000110000001200000013)"
     R"(00150000000000000016000000000000001700000018000000190000001a0000001b0000000000000002001c0000001d0000)"
     R"(0002001e000000000000001f0000000000000002002000000021000000000000002200000000000000230000002400000000)"
     R"(0000002500000000000000)"},
    {R"(RebuildDone{epoch=1 view_digest=2 leases=[{node=3 incarnation=4 left=5} {node=6 incarnation=7 left=8)"
     R"(}] unknown=0})",
     R"(3c00000017000100000000000000020000000000000002000300000004000000000000000500000000000000060000000700)"
     R"(0000000000000800000000000000)"},
    {R"(ClientHello{protocol=1 life=0 label="d" knows=0})",
     R"(0a00000001000100000000010064)"},
    {R"(LostEvent{lock=1 status=timed_out detail=""})",
     R"(0c000000460001000000000000000200)"},
};

std::string hex(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte b : bytes) text += fmt::format("{:02x}", static_cast<unsigned>(b));
  return text;
}
std::vector<std::byte> unhex(std::string_view text) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes.push_back(static_cast<std::byte>(digit(text[i]) * 16 + digit(text[i + 1])));
  return bytes;
}

// As it stands in the tables above, in pieces that fit a line.
std::string literal(std::string_view text) {
  constexpr std::size_t piece = 100;
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += piece)
    out += fmt::format("{}R\"({})\"", at == 0 ? "" : "\n     ", text.substr(at, piece));
  return out;
}

std::map<std::string_view, std::string_view> by_text(std::span<const Golden> table) {
  std::map<std::string_view, std::string_view> found;
  for (const Golden& row : table) EXPECT_TRUE(found.emplace(row.text, row.bytes).second) << "twice: " << row.text;
  return found;
}

// Encodes each example and compares; decodes the pinned bytes and compares again.
template <class... Lists>
void compare(std::span<const Golden> table, Lists... lists) {
  std::map<std::string_view, std::string_view> pinned = by_text(table);
  const auto compare_one = [&]<class M>(std::type_identity<M>) {
    TextStore texts;
    CountingSource source;
    const M example = sample<M>(source, texts);
    Buffer stream;
    append_frame(stream, example);
    const std::string text = to_text(example);
    const std::string bytes = hex(stream.bytes());
    const auto row = pinned.find(text);
    if (row == pinned.end() || row->second != bytes) {
      ADD_FAILURE() << '\n' << fmt::format("    {{{},\n     {}}},", literal(text), literal(bytes));
      return;
    }
    const std::vector<std::byte> kept = unhex(row->second);
    Frame frame;
    ASSERT_EQ(cut_frame(kept, kept.size(), frame), Cut::frame);
    M received;
    EXPECT_TRUE(decode(frame.body, received) && equal(example, received)) << text;
    pinned.erase(row);
  };
  (for_each_message(lists, compare_one), ...);
  for (const auto& [text, bytes] : pinned) ADD_FAILURE() << "no message is like this any more: " << text;
}

// The frames of earlier releases, each read as the message of its type.
TEST(Golden, bytes_of_earlier_releases_are_understood) {
  for (const Golden& row : earlier_golden) {
    const std::vector<std::byte> kept = unhex(row.bytes);
    Frame frame;
    ASSERT_EQ(cut_frame(kept, kept.size(), frame), Cut::frame);
    const auto read = [&]<class M>(std::type_identity<M>) {
      if (!row.text.starts_with(std::string(M::name) + "{")) return;
      M received;
      EXPECT_TRUE(decode(frame.body, received)) << row.text;
      EXPECT_EQ(to_text(received), row.text);
    };
    for_each_message(ToDaemon{}, read);
    for_each_message(ToClient{}, read);
    for_each_message(BetweenPeers{}, read);
    for_each_message(BetweenGroupMembers{}, read);
  }
}

TEST(Golden, bytes_between_client_and_daemon) { compare(client_golden, ToDaemon{}, ToClient{}); }
TEST(Golden, bytes_in_a_process_group) { compare(group_golden, BetweenGroupMembers{}); }
TEST(Golden, bytes_between_peers) { compare(peer_golden, LinkFrames{}, BetweenPeers{}); }

}  // namespace
}  // namespace holdfast::wire
