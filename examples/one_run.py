"""One run: read a scenario, change it, run it, look at what came out.

python examples/one_run.py [SEED]
"""

import sys

import gridrush


def main(seed: int = 0, months: int = 86) -> None:
    scenario = gridrush.load_scenario("reference", **{"ai.demand_gw": 80, "horizon.months": months})
    run = gridrush.run(scenario, seed)
    last = run.series.iloc[-1]
    print(f"{run.series.index[-1]:%B %Y}, seed {seed}, {scenario.ai.demand_gw:g} GW of demand by 2028:")
    print(
        f"  gap {last['gap_gw']:.1f} GW, of the load due miners deliver {last['delivered_miners_gw']:.1f} GW"
    )
    print(f"  miners left {last['firms_alive']:.0f}, hashprice {last['hashprice_usd_ph_day']:.1f} USD/PH/day")
    signed = run.leases[~run.leases["at_start"]]
    print(
        f"  {len(signed)} leases signed in the run, at {signed['rent_usd_kw_month'].mean():.0f} USD/kW-month"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
